/** Whether two lists hold the same things in the same order. */
export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, place) => each === other[place]);
}

/** Whether two things of one kind hold the same under every name: whoever shows the first need not show the second. */
export function isSameThing<Thing extends object>(one: Thing, other: Thing): boolean {
  return (Object.keys(other) as (keyof Thing)[]).every((name) => one[name] === other[name]);
}
