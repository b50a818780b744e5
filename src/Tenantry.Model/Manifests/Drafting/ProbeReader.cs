using System.Globalization;
using System.Text.RegularExpressions;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Turns the health check of an image or Compose file into ours.</summary>
internal static partial class ProbeReader
{
    /// <summary>A check that only fetches an address of the container itself becomes an http probe, so that no curl is needed in the image.</summary>
    public static DraftProbe FromShell(string text) => Http(text) ?? new DraftProbe { Command = ["/bin/sh", "-c", text] };

    public static DraftProbe FromWords(IReadOnlyList<string> words) => Http(string.Join(' ', words)) ?? new DraftProbe { Command = words };

    /// <summary>Durations as Docker writes them, fractions of seconds cut off: <c>1m30s</c>, <c>1.5s</c>.</summary>
    public static TimeSpan? Duration(string? text)
    {
        if (text is null)
            return null;
        var whole = Fraction().Replace(text.Trim(), "");
        return DurationText.Parse(whole) is { } duration && duration > TimeSpan.Zero ? duration : null;
    }

    public static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 100 ? count : null;

    private static DraftProbe? Http(string text)
    {
        var first = text.TrimStart().Split(' ')[0];
        if (first is not ("curl" or "wget" or "/usr/bin/curl" or "/usr/bin/wget") || Address().Match(text) is not { Success: true } match)
            return null;
        var port = match.Groups["port"].Value;
        return new DraftProbe
        {
            HttpPath = match.Groups["path"].Value is { Length: > 0 } path ? path : "/",
            HttpPort = port.Length == 0 ? 80 : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535 ? number : null,
        };
    }

    [GeneratedRegex(@"http://(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:(?<port>[0-9]+))?(?<path>/[^\s""'|;&#$`\\]*)?", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();

    [GeneratedRegex(@"\.[0-9]+(?=s|m|h)")]
    private static partial Regex Fraction();
}
