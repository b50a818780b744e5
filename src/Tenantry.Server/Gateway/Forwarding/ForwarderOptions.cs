using System.Net;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Times and sizes of forwarding, and whose word is taken for where a request came from.</summary>
public sealed record ForwarderOptions
{
    /// <summary>From the first byte of a request's head to its last, and from a connection to the first byte.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a connection to an instance.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the request, or the last piece of its body, to the head of the answer, where the tier gives no <see cref="RequestLimits.TotalTimeout"/>.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a client may take nothing of what it is sent; then it is cut.</summary>
    public TimeSpan TakeTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long nothing may move on a connection that was switched to another protocol once its client has ended its side; then it is cut.</summary>
    public TimeSpan FarewellTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The clock of all these times.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long an instance may take to say 100 or refuse before the body is sent all the same.</summary>
    public TimeSpan ContinueTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections that were not used for so long are closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest head of an answer.</summary>
    public int LongestHeadKilobytes { get; init; } = 64;

    /// <summary>Proxies in front of the gateway: what they say in X-Forwarded-* and Forwarded is believed and passed on.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>True for the address of one of <see cref="TrustedProxies"/>.</summary>
    public bool Trusts(IPAddress? peer)
    {
        if (TrustedProxies.Count == 0 || peer is null)
            return false;
        var plain = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
        foreach (var network in TrustedProxies)
        {
            if (network.Contains(plain))
                return true;
        }

        return false;
    }
}
