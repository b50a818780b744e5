using System.Buffers;
using System.Collections.Frozen;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Which header fields pass the gateway.</summary>
internal static class FieldRules
{
    public static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What a request's target is made of. A fragment never leaves the client (RFC 9110 7.1).</summary>
    public static readonly SearchValues<char> Target = SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(code => (char)code).Where(c => c != '#')]);

    /// <summary>What has no place in a field's value: it would end the line, or be read as its end by somebody.</summary>
    public static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Where(code => code != '\t').Append(127).Select(code => (char)code)]);

    private static readonly FrozenSet<string> OneConnection = Names(
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Proxy-Authenticate", "HTTP2-Settings");

    private static readonly FrozenSet<string> NeverTrailers = Names(
        "Host", "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Trailer", "Authorization", "Cookie", "Set-Cookie", "Cache-Control",
        "Expect", "Max-Forwards", "Range", "Location", "Age", "Date", "Expires", "Vary");

    /// <summary>Such that it stays one field, whoever writes it out.</summary>
    public static bool IsWellFormed(string name, string value) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token) && !value.AsSpan().ContainsAny(Controls);

    /// <summary>Of one connection (RFC 9110 7.6.1).</summary>
    public static bool IsOfOneConnection(string name) => OneConnection.Contains(name);

    /// <summary>Such that a trailer may carry it (RFC 9110 6.5.1), and nobody's but the sender's.</summary>
    public static bool MayTrail(string name) => !OneConnection.Contains(name) && !NeverTrailers.Contains(name) && OwnerOf(name) == FieldOwner.Anybody;

    /// <summary>True for a name that is listed in Connection. The Host and the body's length never are: without them the request would be another one, or two.</summary>
    public static bool IsListed(string[]? listed, string name) =>
        listed is not null && !name.Equals("Host", StringComparison.OrdinalIgnoreCase) && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && listed.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Who may say this of a request. A name with underscores becomes the same variable in CGI-like servers, so it is the same name here.</summary>
    public static FieldOwner OwnerOf(string name)
    {
        var first = name[0] | 0x20;
        // What CGI-like servers make of it is read as the address of a proxy (httpoxy).
        if (first == 'p' && name.Equals("Proxy", StringComparison.OrdinalIgnoreCase))
            return FieldOwner.Gateway;
        if (name.Length < 7 || first is not ('x' or 'f' or 't'))
            return FieldOwner.Anybody;
        if (name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase))
            return FieldOwner.Proxy;
        var plain = name.Contains('_') ? name.Replace('_', '-') : name;

        if (plain.StartsWith("X-Tenant-", StringComparison.OrdinalIgnoreCase))
            return FieldOwner.Gateway;
        if (plain.StartsWith("Tenantry-", StringComparison.OrdinalIgnoreCase))
            return FieldOwner.Delivery;
        if (!plain.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) && !plain.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase))
            return FieldOwner.Anybody;
        return name.Contains('_') ? FieldOwner.Gateway : FieldOwner.Proxy;
    }

    private static FrozenSet<string> Names(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}

/// <summary>Who may say a field of a request.</summary>
internal enum FieldOwner
{
    Anybody,

    /// <summary>A trusted proxy, or this gateway.</summary>
    Proxy,

    /// <summary>This gateway alone.</summary>
    Gateway,

    /// <summary>This gateway alone, when it delivers what it has stored.</summary>
    Delivery,
}
