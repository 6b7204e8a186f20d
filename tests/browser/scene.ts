import { account, call, direct, group, say, stored, type Account } from "./people";

export interface Scene {
  readonly ada: Account;
  readonly ben: Account;
  readonly carla: Account;
  readonly team: string;
  readonly withBen: string;
}

/** A few people in the middle of a day, for pictures and for what looks at whole pages. */
export async function scene(url: string): Promise<Scene> {
  const names = ["Ada Byron", "Ben Carter", "Carla Diaz", "Dmitri Egorov", "Emi Fujita", "Femi Grant"];
  const people = await Promise.all(names.map((name) => account(url, name.split(" ")[0] ?? name).then(async (made) => ({ ...made, displayName: name }))));
  await Promise.all(people.map((each) => call(url, each.token, "PATCH", "/api/users/me", { displayName: each.displayName })));
  const [ada, ben, carla, dmitri, emi, femi] = people as [Account, Account, Account, Account, Account, Account];
  await call(url, ben.token, "PATCH", "/api/users/me", { about: "Boats, bread and distributed systems." });
  const withFemi = await direct(url, femi, ada);
  await say(url, femi, withFemi, "The tickets are in your inbox. See you on Saturday!");
  const withEmi = await direct(url, emi, ada);
  await say(url, emi, withEmi, "Could you send me the notes of the review?");
  const withDmitri = await direct(url, ada, dmitri);
  await say(url, ada, withDmitri, "Thanks, that fixed it.");
  await Promise.all([withFemi, withEmi, withDmitri].map((id) => stored(url, ada, id, 1)));
  const team = await group(url, ada, "Launch", [ben, carla, dmitri]);
  const lines: readonly (readonly [Account, string])[] = [
    [carla, "Morning all! The staging deploy went through."],
    [carla, "Two of the alarms are still noisy, I'm on it."],
    [ben, "Nice. I can take the release notes."],
    [ada, "Perfect. Shall we say Thursday, 10:00?"],
    [dmitri, "Thursday works for me."],
  ];
  for (const [index, [who, text]] of lines.entries()) {
    await say(url, who, team, text);
    await stored(url, ada, team, index + 1);
  }
  const withBen = await direct(url, ben, ada);
  const talk: readonly (readonly [Account, string])[] = [
    [ben, "Did you get a chance to look at the draft?"],
    [ada, "I did, on the train. It reads well."],
    [ada, "I would only move the part about ordering to the front: it is what people ask first, and everything else follows from it."],
    [ben, "Good point, I'll move it."],
  ];
  let asked = "";
  for (const [index, [who, text]] of talk.entries()) {
    const id = await say(url, who, withBen, text);
    if (index === 2) asked = id;
    await stored(url, ada, withBen, index + 1);
  }
  await say(url, ben, withBen, "Like this? https://example.com/draft", { replyTo: asked });
  await stored(url, ada, withBen, talk.length + 1);
  await call(url, ben.token, "PUT", `/api/chat/${asked}/reactions/${encodeURIComponent("😂")}`);
  await call(url, ada.token, "PUT", `/api/chat/${asked}/reactions/${encodeURIComponent("😍")}`);
  return { ada, ben, carla, team, withBen };
}
