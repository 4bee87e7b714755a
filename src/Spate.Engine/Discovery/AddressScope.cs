using System.Net;
using System.Net.Sockets;

namespace Spate.Engine.Discovery;

/// <summary>How far an address reaches.</summary>
public enum AddressScope
{
    /// <summary>Names no host that one could talk to: multicast, reserved.</summary>
    Unusable,

    /// <summary>This machine: loopback, and the unspecified addresses, which connect to it.</summary>
    ThisMachine,

    /// <summary>A network that is not the Internet: private, link-local, shared by a provider (RFC 1918, 4193, 6598).</summary>
    LocalNetwork,

    /// <summary>The Internet.</summary>
    Global,
}

/// <summary>Tells scopes of addresses apart.</summary>
public static class AddressScopes
{
    /// <summary>The scope of an address; IPv4 addresses that are written as IPv6 ones are read as what they are.</summary>
    public static AddressScope ScopeOf(this IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return AddressScope.ThisMachine;
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            Span<byte> b = stackalloc byte[4];
            address.TryWriteBytes(b, out _);
            return (b[0], b[1]) switch
            {
                (0, _) => AddressScope.ThisMachine,
                ( >= 224, _) => AddressScope.Unusable,
                (10, _) or (172, >= 16 and <= 31) or (192, 168) or (169, 254) or (100, >= 64 and <= 127) => AddressScope.LocalNetwork,
                _ => AddressScope.Global,
            };
        }
        if (address.Equals(IPAddress.IPv6Any)) return AddressScope.ThisMachine;
        if (address.IsIPv6Multicast) return AddressScope.Unusable;
        return address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal ? AddressScope.LocalNetwork : AddressScope.Global;
    }
}
