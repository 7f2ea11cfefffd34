/** Returns the time in the form of a log: `Nov 24 06:20:01`. */
export function localTime(): string {
  const now = new Date();
  const month = now.toLocaleString('en', { month: 'short' });
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
  return `${month} ${String(now.getDate()).padStart(2, ' ')} ${time}`;
}
