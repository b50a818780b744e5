using System.Net;
using Tenantry.Server.Gateway.Forwarding;

namespace Tenantry.Server.Api;

/// <summary>What endpoints need to know about the server that they are part of.</summary>
public sealed record ApiSettings
{
    /// <summary>Instances answer at <c>SLUG.BASE-DOMAIN</c>; lower case.</summary>
    public required string BaseDomain { get; init; }

    /// <summary>Address of the gateway (<c>http://127.0.0.1:8080</c>), or null while none is known.</summary>
    public required Func<Uri?> Gateway { get; init; }

    /// <summary>How browsers reach the API, or null where it listens on its socket alone.</summary>
    public Func<Uri?> Api { get; init; } = () => null;

    /// <summary>Proxies in front of the API: what they say in X-Forwarded-For is believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Version of this program.</summary>
    public required string Version { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>True for the name by which people reach the API or the gateway itself: no instance answers there.</summary>
    public bool IsOwnHost(string host) =>
        string.Equals(Api()?.Host, host, StringComparison.OrdinalIgnoreCase) || string.Equals(Gateway()?.Host, host, StringComparison.OrdinalIgnoreCase);

    /// <summary>True for the address of one of <see cref="TrustedProxies"/>.</summary>
    public bool Trusts(IPAddress? peer) => new ForwarderOptions { TrustedProxies = TrustedProxies }.Trusts(peer);

    /// <summary>Where the gateway serves a slug.</summary>
    public string? UrlOf(string slug) => Gateway() is not { } gateway
        ? null
        : gateway.IsDefaultPort ? $"{gateway.Scheme}://{slug}.{BaseDomain}" : $"{gateway.Scheme}://{slug}.{BaseDomain}:{gateway.Port}";
}
