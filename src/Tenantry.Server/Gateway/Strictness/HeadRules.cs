using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>What a head says about where its request ends, or why it is refused.</summary>
internal readonly record struct HeadReading(GatewayAnswer? Refusal, long Length = 0, bool IsChunked = false, string[]? Listed = null);

/// <summary>The rules that a head must keep.</summary>
internal static class HeadRules
{
    public static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>Control characters but the tab.</summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Where(c => c != '\t').Select(c => (byte)c), 127]);

    private static readonly SearchValues<byte> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> HostCharacters = SearchValues.Create(
        "-._:[]0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> Visible = SearchValues.Create([.. Enumerable.Range(33, 94).Select(c => (byte)c)]);

    private const int MostFields = 100;
    private const int LongestTarget = 8192;

    /// <param name="head">With its last, blank line.</param>
    public static HeadReading Read(ReadOnlySpan<byte> head)
    {
        var end = head.IndexOf((byte)'\n');
        var first = head[..(end - 1)];
        if (RefuseFirstLine(first, out var authority, out var isOld) is { } refusal)
            return new(refusal);
        var fields = new Fields();
        var count = 0;
        for (head = head[(end + 1)..]; head.Length > 2; head = head[(end + 1)..])
        {
            if (++count > MostFields)
                return new(Refusals.LongHead);
            end = head.IndexOf((byte)'\n');
            if (fields.Take(head[..(end - 1)]) is { } refused)
                return new(refused);
        }

        return fields.Finish(authority, isOld);
    }

    /// <summary>Why trailers are refused, or null.</summary>
    public static GatewayAnswer? Trailers(ReadOnlySpan<byte> lines)
    {
        while (lines.Length > 2)
        {
            var end = lines.IndexOf((byte)'\n');
            if (RefuseField(lines[..(end - 1)], out _) is { } refusal)
                return refusal;
            lines = lines[(end + 1)..];
        }

        return null;
    }

    /// <summary>The size that a chunk's line (with its end) gives, or null when it is none.</summary>
    public static long? ChunkSize(ReadOnlySpan<byte> line)
    {
        if (line[^2] != '\r')
            return null;
        line = line[..^2];
        var digits = line.IndexOfAnyExcept(HexDigits);
        var extension = digits < 0 ? default : line[digits..];
        if (digits < 0)
            digits = line.Length;
        if (digits is 0 or > 15 || (!extension.IsEmpty && extension[0] != ';') || extension.IndexOfAny(Controls) >= 0)
            return null;
        return Utf8Parser.TryParse(line[..digits], out long size, out _, 'x') ? size : null;
    }

    private static GatewayAnswer? RefuseFirstLine(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> authority, out bool isOld)
    {
        authority = default;
        isOld = line.EndsWith(" HTTP/1.0"u8);
        var space = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (space <= 0 || last <= space + 1 || line[..space].ContainsAnyExcept(Token) || !line[(last + 1)..].StartsWith("HTTP/"u8))
            return Refusals.FirstLine;
        var target = line[(space + 1)..last];
        if (target.ContainsAnyExcept(Visible))
            return target.ContainsAny(Controls) ? Refusals.Control : Refusals.FirstLine;
        if (!isOld && !line.EndsWith(" HTTP/1.1"u8))
            return Refusals.Version;
        if (target.Length > LongestTarget)
            return Refusals.LongTarget;
        if (line.StartsWith("CONNECT "u8))
            return GatewayAnswer.NotForwarded;
        if (HasZero(target))
            return Refusals.Control;
        if (target.Contains((byte)'#'))
            return Refusals.Target;
        if (target[0] == '/')
            return null;
        if (target.IndexOf("://"u8) is not (> 0 and var scheme) || target[..scheme].ContainsAnyExcept(Token))
            return target.SequenceEqual("*"u8) && line.StartsWith("OPTIONS "u8) ? null : Refusals.Target;
        authority = target[(scheme + 3)..];
        if (authority.IndexOfAny((byte)'/', (byte)'?', (byte)'#') is >= 0 and var path)
            authority = authority[..path];
        return authority.IsEmpty || !IsHost(authority) ? Refusals.Host : null;
    }

    // A zero byte in a path ends it for some and not for others.
    private static bool HasZero(ReadOnlySpan<byte> target)
    {
        var query = target.IndexOf((byte)'?');
        return target[..(query < 0 ? target.Length : query)].IndexOf("%00"u8) >= 0;
    }

    // A name, an address or nothing, and a port if there is a colon.
    private static bool IsHost(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAnyExcept(HostCharacters))
            return false;
        var end = text is [(byte)'[', ..] ? text.IndexOf((byte)']') + 1 : text.IndexOf((byte)':') is >= 0 and var colon ? colon : text.Length;
        if (text is [(byte)'[', ..] ? end < 3 : text.ContainsAny((byte)'[', (byte)']'))
            return false;
        var port = text[end..];
        return port.IsEmpty || (port[0] == ':' && port.Length is > 1 and <= 6 && !port[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));
    }

    /// <summary>Why a header line is refused, or null.</summary>
    public static GatewayAnswer? RefuseField(ReadOnlySpan<byte> line, out int colon)
    {
        colon = line.IndexOfAnyExcept(Token);
        if (colon > 0 && line[colon] == ':')
            return line[(colon + 1)..].ContainsAny(Controls) ? Refusals.Control : null;
        return colon == 0 && line[0] is (byte)' ' or (byte)'\t' ? Refusals.Folded : line.ContainsAny(Controls) ? Refusals.Control : Refusals.Line;
    }

    private ref struct Fields
    {
        private ReadOnlySpan<byte> host;
        private bool hasHost;
        private bool hasLength;
        private bool isChunked;
        private bool hasListed;
        private long length;
        private List<string>? listed;

        public GatewayAnswer? Take(ReadOnlySpan<byte> line)
        {
            if (RefuseField(line, out var colon) is { } refusal)
                return refusal;
            var name = line[..colon];
            var value = line[(colon + 1)..].Trim(" \t"u8);
            switch (colon)
            {
                case 4 when Is(name, "host"u8):
                    if (hasHost || !IsHost(value))
                        return Refusals.Host;
                    hasHost = true;
                    host = value;
                    return null;
                case 10 when Is(name, "connection"u8):
                    return Is(value, "keep-alive"u8) || Is(value, "close"u8) ? null : List(value);
                case 14 when Is(name, "content-length"u8):
                    if (hasLength || value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
                        return Refusals.Length;
                    hasLength = true;
                    return Utf8Parser.TryParse(value, out length, out _) ? null : Refusals.Length;
                case 17 when Is(name, "transfer-encoding"u8):
                    if (isChunked || !Is(value, "chunked"u8))
                        return Refusals.Coding;
                    isChunked = true;
                    return null;
                default:
                    return null;
            }
        }

        public readonly HeadReading Finish(ReadOnlySpan<byte> authority, bool isOld)
        {
            if (isChunked && (hasLength || isOld))
                return new(Refusals.Coding);
            if (!hasHost && !isOld)
                return new(Refusals.Host);
            if (!authority.IsEmpty && hasHost && !Is(Plain(authority), Plain(host)))
                return new(Refusals.OtherHost);
            return new(null, length, isChunked, hasListed ? [.. listed!] : null);
        }

        // The port of http goes without saying.
        private static ReadOnlySpan<byte> Plain(ReadOnlySpan<byte> host) => host.EndsWith(":80"u8) ? host[..^3] : host;

        // Where the length goes with the connection, the next one sees another end of the body.
        private GatewayAnswer? List(ReadOnlySpan<byte> value)
        {
            foreach (var range in value.Split((byte)','))
            {
                var name = value[range].Trim(" \t"u8);
                if (Is(name, "content-length"u8))
                    return Refusals.ListedLength;
                if (name.IsEmpty || Is(name, "keep-alive"u8) || Is(name, "close"u8))
                    continue;
                (listed ??= []).Add(Encoding.Latin1.GetString(name));
                hasListed = true;
            }

            return null;
        }

        private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(text, other);
    }
}
