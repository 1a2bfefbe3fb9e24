package limit

import "net/netip"

// Neighbourhood is the key of a limit for an address: the address itself, or for IPv6 the /64 it is
// in, since one customer has all of a /64. A text that is no address is its own neighbourhood.
func Neighbourhood(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if address = address.Unmap().WithZone(""); address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
