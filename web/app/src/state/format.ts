import { t } from "../strings";

const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY_MS = 86_400_000;

/** Minutes that were formatted lately: a list that scrolls asks for the same ones again and again, and formatting is slow. */
const minutes = new Map<string, string>();
const MINUTES_MAX_COUNT = 2000;

export function clockTime(stamp: string): string {
  const minute = stamp.slice(0, 16);
  let text = minutes.get(minute);
  if (text === undefined) {
    text = time.format(new Date(stamp));
    if (minutes.size >= MINUTES_MAX_COUNT) minutes.clear();
    minutes.set(minute, text);
  }
  return text;
}

export const wholeDay = (stamp: string): string => date.format(new Date(stamp));

export const wholeTime = (stamp: string): string => whole.format(new Date(stamp));

let day = { from: 0, to: 0 };

/** When the day of a stamp began here, in milliseconds: those of one day have the same. */
export function dayOf(stamp: string): number {
  const at = Date.parse(stamp);
  if (at < day.from || at >= day.to) {
    const start = new Date(at);
    day = { from: start.setHours(0, 0, 0, 0), to: start.setDate(start.getDate() + 1) };
  }
  return day.from;
}

/** A day as a heading: today, yesterday, a weekday, or the date. */
export function dayName(stamp: string, now = Date.now()): string {
  const days = daysAgo(stamp, now);
  if (days <= 0) return t.today;
  if (days === 1) return t.yesterday;
  return days < 7 ? weekday.format(new Date(stamp)) : longDay.format(new Date(stamp));
}

/** A time as short as it can be told: the hour today, else the day. */
export function shortTime(stamp: string, now = Date.now()): string {
  const days = daysAgo(stamp, now);
  if (days <= 0) return clockTime(stamp);
  if (days === 1) return t.yesterday;
  return days < 7 ? weekday.format(new Date(stamp)).slice(0, 3) : shortDay.format(new Date(stamp));
}

export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${Math.round(kib)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

export function lastSeen(stamp: string, now = Date.now()): string {
  const minutes = Math.floor((now - Date.parse(stamp)) / 60_000);
  if (minutes < 1) return t.lastSeenNow;
  if (minutes < 60) return t.lastSeenMinutes(minutes);
  return daysAgo(stamp, now) === 0 ? t.lastSeenAt(clockTime(stamp)) : t.lastSeenAt(`${dayName(stamp)}, ${clockTime(stamp)}`);
}

function daysAgo(stamp: string, now: number): number {
  return Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(stamp).setHours(0, 0, 0, 0)) / DAY_MS);
}
