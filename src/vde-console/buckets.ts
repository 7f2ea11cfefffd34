/** Returns the bucket, out of `size`, in which the original keeps a station: `hash/print` shows it. */
export function bucketOf(mac: number, vid: number, size: number): number {
  const octets = BigInt(mac);
  let key = BigInt(vid) << 48n;
  for (let i = 0n; i < 6n; i++) key |= ((octets >> (40n - 8n * i)) & 0xffn) << (8n * i);
  key = mixed(key, 0xff51afd7ed558ccdn);
  key = mixed(key, 0xc4ceb9fe1a85ec53n);
  return Number(key & BigInt(size - 1));
}

function mixed(key: bigint, factor: bigint): bigint {
  return BigInt.asUintN(64, (key ^ (key >> 33n)) * factor);
}
