using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>
/// The head of an instance's answer, read as strictly as a client's request: what could be read in two ways is no answer, and its
/// connection is not used again. One serves all answers of a connection: the next one says mostly the same.
/// </summary>
internal sealed class AnswerHead
{
    private const int MostLines = 256;

    // Bytes of a head that a connection may keep while it rests. It is twice as much in strings.
    private const int MostAtRest = 4 * 1024;
    private readonly List<(string Name, StringValues Value)> fields = [];
    private readonly AnswerLines lines = new();
    private string[]? listed;
    private bool hasClose;
    private bool hasKeepAlive;
    private bool isOld;
    private bool isLarge;

    public int Status { get; private set; }

    /// <summary>The phrase when it is not the usual one of the status.</summary>
    public string? Phrase { get; private set; }

    /// <summary>Bytes of the body; null when nobody said.</summary>
    public long? Length { get; private set; }

    public bool IsChunked { get; private set; }

    /// <summary>The protocol that a 101 switches to, or several, one above the other.</summary>
    public string? Upgrade { get; private set; }

    /// <summary>The instance means to go on with the connection.</summary>
    public bool Persists => !hasClose && (!isOld || hasKeepAlive);

    public bool IsInformational => Status is >= 100 and < 200 && Status != StatusCodes.Status101SwitchingProtocols;

    /// <summary>Reads a whole head, its blank line last.</summary>
    /// <exception cref="BadAnswerException">It is none.</exception>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        Forget();
        isLarge = bytes.Length > MostAtRest;
        var end = LineEnd(bytes);
        ReadStatus(bytes[..end]);
        var place = 0;
        for (bytes = bytes[(end + 2)..]; bytes.Length > 2; bytes = bytes[(end + 2)..])
        {
            end = LineEnd(bytes);
            if (place == MostLines)
                throw new BadAnswerException("more header lines than are taken");
            ReadField(bytes[..end], place++);
        }

        if (IsChunked && (Length is not null || isOld))
            throw new BadAnswerException("a length and chunks, or chunks in HTTP/1.0");
        if (Status == StatusCodes.Status205ResetContent && (IsChunked || Length is > 0))
            throw new BadAnswerException("a body, which 205 has not");
    }

    /// <summary>It was taken: one that is large is not kept until the next one comes.</summary>
    public void Rest()
    {
        if (isLarge)
            Forget();
    }

    /// <summary>Puts status and fields into the client's answer.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="slug">The instance's, whose cookies these are.</param>
    public void CopyTo(HttpContext context, string slug)
    {
        var response = context.Response;
        response.StatusCode = Status;
        if (Phrase is not null && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = Phrase;
        var headers = response.Headers;
        foreach (var (name, value) in fields)
        {
            if (FieldRules.IsListed(listed, name))
                continue;
            var field = OwnCookies.IsSetting(name) ? (StringValues)OwnCookies.Keep(value.ToString(), context.Request.Headers.Host.ToString(), slug) : value;
            if (field.Count == 0)
                continue;
            headers[name] = headers.TryGetValue(name, out var before) ? StringValues.Concat(before, field) : field;
        }

        if (Length is { } length && Status is not (StatusCodes.Status204NoContent or StatusCodes.Status101SwitchingProtocols))
            response.ContentLength = length;
    }

    /// <summary>The fields of an informational answer as they go on an HTTP/1.1 connection.</summary>
    public byte[] ToInformational()
    {
        var text = new StringBuilder($"HTTP/1.1 {Status} {Phrase ?? "Informational"}\r\n");
        foreach (var (name, value) in Informational())
            text.Append(name).Append(": ").Append(value.ToString()).Append("\r\n");
        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>As above, for an HTTP/2 connection.</summary>
    public void CopyInformationalTo(IHeaderDictionary headers)
    {
        foreach (var (name, value) in Informational())
            headers.Append(name, value);
    }

    // Cookies are for the answer itself, where it is seen to it whose they are.
    private IEnumerable<(string Name, StringValues Value)> Informational() => fields.Where(field => !FieldRules.IsListed(listed, field.Name) && !OwnCookies.IsSetting(field.Name));

    private void Forget()
    {
        fields.Clear();
        listed = null;
        hasClose = hasKeepAlive = isOld = isLarge = IsChunked = false;
        Phrase = Upgrade = null;
        Length = null;
    }

    private static int LineEnd(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n') - 1;
        return end >= 0 && bytes[end] == '\r' ? end : throw new BadAnswerException("a line that ends in a line feed alone");
    }

    private void ReadStatus(ReadOnlySpan<byte> line)
    {
        isOld = line.StartsWith("HTTP/1.0 "u8);
        if ((!isOld && !line.StartsWith("HTTP/1.1 "u8)) || line.Length < 12 || (line.Length > 12 && line[12] != ' ') || line.ContainsAny(HeadRules.Controls)
            || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var used) || used != 3 || status is < 100 or > 599)
            throw new BadAnswerException("a first line that is no status");
        Status = status;
        var phrase = line.Length > 13 ? line[13..] : default;
        var usual = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        if (phrase.Length != usual.Length || !Ascii.Equals(phrase, usual))
            Phrase = Encoding.Latin1.GetString(phrase);
    }

    private void ReadField(ReadOnlySpan<byte> bytes, int place)
    {
        if (HeadRules.RefuseField(bytes, out var colon) is not null)
            throw new BadAnswerException("a header that is not well formed");
        var line = lines.At(place, bytes, colon);
        switch (line.Name.Length)
        {
            case 2 when Is(line.Name, "TE"):
                return;
            case 7 when Is(line.Name, "Upgrade"):
                Upgrade = Upgrade is null ? line.Value.ToString() : Upgrade + ", " + line.Value;
                return;
            case 10 when Is(line.Name, "Connection"):
                ReadConnection(line.Value.ToString());
                return;
            case 14 when Is(line.Name, "Content-Length"):
                ReadLength(line.Value.ToString());
                return;
            case 17 when Is(line.Name, "Transfer-Encoding"):
                if (IsChunked || !Is(line.Value.ToString(), "chunked"))
                    throw new BadAnswerException("a transfer coding other than 'chunked'");
                IsChunked = true;
                return;
            case 10 or 16 or 18 or 19 when FieldRules.IsOfOneConnection(line.Name):
                return;
            default:
                fields.Add((line.Name, line.Value));
                return;
        }
    }

    private void ReadLength(string text)
    {
        if (Length is not null || text.Length is 0 or > 18 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
            throw new BadAnswerException("a length that is repeated or no number");
        Length = long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    private void ReadConnection(string text)
    {
        foreach (var range in text.AsSpan().Split(','))
        {
            var name = text.AsSpan()[range].Trim();
            if (name.Equals("close", StringComparison.OrdinalIgnoreCase))
                hasClose = true;
            else if (name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase))
                hasKeepAlive = true;
            else if (!name.IsEmpty)
                listed = [.. listed ?? [], name.ToString()];
        }
    }

    private static bool Is(string text, string other) => text.Equals(other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What came from an instance is no answer. The message says what it had.</summary>
internal sealed class BadAnswerException(string what) : IOException($"The answer has {what}.");
