/**
 * The UDP address of a peer as the application sees it.
 *
 * Source: RFC 5952, the one text of an IPv6 address. Why not the text of `DatagramAddress`, which writes every group: the
 * runtime tells the TCP addresses of the same clients in the short form, and an application that keeps a list of
 * addresses compares texts.
 *
 * @module
 */
import type { UdpAddress } from "../transport/address.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";

/**
 * An address as text and port.
 *
 * @param address The address in numbers.
 * @returns A new object; an IPv6 address has its shortest form, with its zone behind it where it has one.
 */
export function udpAddressOf({ hostname, port }: DatagramAddress): UdpAddress {
  return { transport: "udp", hostname: hostname.includes(":") ? shortIpv6(hostname) : hostname, port };
}

function shortIpv6(hostname: string): string {
  const [groups, zone] = hostname.split("%");
  const short = new URL(`http://[${groups}]/`).hostname.slice(1, -1);
  return zone === undefined ? short : `${short}%${zone}`;
}
