declare module "virtual:emoji" {
  /** The emoji, its group, its name, and words to find it by. */
  const rows: readonly (readonly [emoji: string, group: number, label: string, tags: string])[];
  export default rows;
}
