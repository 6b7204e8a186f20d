import type { ConversationView, Member, Role, User } from "@parley/client";
import { useAuth, useParley, usePresence } from "@parley/react";
import { LogOut, MoreHorizontal, Pencil, Trash2, UserPlus, X } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { Avatar } from "../parts/Avatar";
import { IconButton } from "../parts/IconButton";
import { MenuButton, type MenuEntry } from "../parts/MenuButton";
import { lastSeen, wholeDay } from "../state/format";
import { attempt, tell } from "../state/toasts";
import { t } from "../strings";

const Confirm = lazy(() => import("../parts/Confirm").then((module) => ({ default: module.Confirm })));
const EditGroup = lazy(() => import("./EditGroup").then((module) => ({ default: module.EditGroup })));
const AddMembers = lazy(() => import("./AddMembers").then((module) => ({ default: module.AddMembers })));

interface Props {
  readonly conversation: ConversationView;
  readonly members: readonly Member[];
  readonly onClose: () => void;
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly run: () => Promise<unknown>;
}

export function InfoPanel({ conversation, members, onClose }: Props): ReactNode {
  const [question, setQuestion] = useState<Question | null>(null);
  const isGroup = conversation.kind === "group";
  return (
    <div className="panel-body scrolls" onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && onClose()}>
      <header className="panel-head">
        <h2>{isGroup ? t.groupInfo : t.contactInfo}</h2>
        <IconButton label={t.close} onClick={onClose}>
          <X />
        </IconButton>
      </header>
      {isGroup ? <Group conversation={conversation} members={members} onAsk={setQuestion} /> : <Contact peer={conversation.peer} onAsk={setQuestion} />}
      {question ? (
        <Suspense fallback={null}>
          <Confirm title={question.title} text={question.text} action={question.action} onConfirm={() => attempt(question.run)} onClose={() => { setQuestion(null); }} />
        </Suspense>
      ) : null}
    </div>
  );
}

function Contact({ peer, onAsk }: { peer: User | null; onAsk: (question: Question) => void }): ReactNode {
  const client = useParley();
  const presence = usePresence(peer?.userId ?? null);
  if (!peer) return null;
  return (
    <>
      <div className="profile">
        <Avatar id={peer.userId} name={peer.displayName} url={peer.avatarUrl} size="large" />
        <h3>{peer.displayName}</h3>
        <p className="muted">@{peer.username}</p>
        <p className="muted">{presence?.online ? t.online : presence?.lastSeenAt ? t.lastSeen(lastSeen(presence.lastSeenAt)) : t.offline}</p>
      </div>
      {peer.about ? (
        <section>
          <h3>{t.about}</h3>
          <p className="about">{peer.about}</p>
        </section>
      ) : null}
      <p className="muted">{t.memberSince(wholeDay(peer.createdAt))}</p>
      <div className="panel-actions">
        <button
          type="button"
          className="button danger"
          onClick={() => { onAsk({
              title: t.blockTitle(peer.displayName),
              text: t.blockText,
              action: t.block,
              run: async () => {
                await client.block(peer.userId);
                tell(t.blocked(peer.displayName));
              },
            }); }
          }
        >
          {t.block}
        </button>
      </div>
    </>
  );
}

function Group({ conversation, members, onAsk }: { conversation: ConversationView; members: readonly Member[]; onAsk: (question: Question) => void }): ReactNode {
  const { conversationId, title, photoUrl, memberCount, myRole } = conversation;
  const client = useParley();
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<"edit" | "add" | null>(null);
  const manages = myRole !== "member";
  const leave = async (run: () => Promise<void>) => {
    navigate("/", { replace: true });
    await run();
  };
  return (
    <>
      <div className="profile">
        <Avatar id={conversationId} name={title} url={photoUrl} size="large" isGroup />
        <h3>
          {title}
          {manages ? (
            <IconButton label={t.editGroup} onClick={() => { setDialog("edit"); }}>
              <Pencil />
            </IconButton>
          ) : null}
        </h3>
        <p className="muted">{t.members(memberCount)}</p>
      </div>
      <section aria-label={t.members(memberCount)}>
        {manages ? (
          <button type="button" className="row-button" onClick={() => { setDialog("add"); }}>
            <UserPlus aria-hidden="true" /> {t.addMembers}
          </button>
        ) : null}
        <ul className="people">
          {[...members].sort(byRank).map((member) => (
            <GroupMember key={member.userId} member={member} conversation={conversation} onAsk={onAsk} />
          ))}
        </ul>
      </section>
      <div className="panel-actions">
        <button
          type="button"
          className="row-button danger"
          onClick={() => { onAsk({ title: t.leaveTitle(title), text: myRole === "owner" ? t.leaveOwnerText : t.leaveText, action: t.leave, run: () => leave(() => client.leaveGroup(conversationId)) }); }}
        >
          <LogOut aria-hidden="true" /> {t.leave}
        </button>
        {myRole === "owner" ? (
          <button
            type="button"
            className="row-button danger"
            onClick={() => { onAsk({ title: t.deleteGroupTitle(title), text: t.deleteGroupText, action: t.deleteGroup, run: () => leave(() => client.deleteGroup(conversationId)) }); }}
          >
            <Trash2 aria-hidden="true" /> {t.deleteGroup}
          </button>
        ) : null}
      </div>
      <Suspense fallback={null}>
        {dialog === "edit" ? <EditGroup conversation={conversation} onClose={() => { setDialog(null); }} /> : null}
        {dialog === "add" ? <AddMembers conversation={conversation} members={members} onClose={() => { setDialog(null); }} /> : null}
      </Suspense>
    </>
  );
}

const RANKS: readonly Role[] = ["owner", "admin", "member"];

/** Those who run a group first, and each kind by name. */
function byRank(one: Member, other: Member): number {
  return RANKS.indexOf(one.role) - RANKS.indexOf(other.role) || one.user.displayName.localeCompare(other.user.displayName);
}

function GroupMember({ member, conversation, onAsk }: { member: Member; conversation: ConversationView; onAsk: (question: Question) => void }): ReactNode {
  const { conversationId, myRole } = conversation;
  const { userId, role, user } = member;
  const client = useParley();
  const { user: me } = useAuth();
  const [, navigate] = useLocation();
  const presence = usePresence(userId === me?.userId ? null : userId);
  const setRole = (to: Role) => void attempt(() => client.setRole(conversationId, userId, to));
  const entries: (MenuEntry | false)[] = [
    {
      label: t.message,
      onSelect: () =>
        void attempt(async () => {
          const direct = await client.openDirect(userId);
          navigate(`/c/${direct.conversationId}`);
        }),
    },
    myRole === "owner" && role === "member" && { label: t.makeAdmin, onSelect: () => { setRole("admin"); } },
    myRole === "owner" && role === "admin" && { label: t.makeMember, onSelect: () => { setRole("member"); } },
    myRole === "owner" && {
      label: t.makeOwner,
      onSelect: () => { onAsk({ title: t.makeOwnerTitle(user.displayName), text: t.makeOwnerText, action: t.makeOwner, run: () => client.setRole(conversationId, userId, "owner") }); },
    },
    myRole !== "member" &&
      role !== "owner" && {
        label: t.removeMember,
        danger: true,
        onSelect: () => { onAsk({ title: t.removeTitle(user.displayName), text: t.removeText, action: t.removeMember, run: () => client.changeMembers(conversationId, { remove: [userId] }) }); },
      },
  ];
  return (
    <li className="person">
      <Avatar id={userId} name={user.displayName} url={user.avatarUrl} size="small" online={presence?.online} />
      <span className="person-text">
        <b>{userId === me?.userId ? t.youNamed(user.displayName) : user.displayName}</b>
        <span className="muted">@{user.username}</span>
      </span>
      {role === "member" ? null : <span className="role">{t.roles[role]}</span>}
      {userId === me?.userId ? null : (
        <MenuButton label={t.actionsFor(user.displayName)} items={entries.filter((entry): entry is MenuEntry => entry !== false)}>
          <MoreHorizontal />
        </MenuButton>
      )}
    </li>
  );
}
