using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>Reads what an instance may connect to.</summary>
internal static partial class EgressChecks
{
    private static readonly IPNetwork[] NeverOpen =
        [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fe80::/10")];

    public static Parsed<EgressPolicy> Word(YamlText text) => text.Text switch
    {
        "none" => Parsed<EgressPolicy>.Ok(new() { Mode = EgressMode.None }),
        "internet" => Parsed<EgressPolicy>.Ok(new() { Mode = EgressMode.Internet }),
        _ => Parsed<EgressPolicy>.Wrong($"Expected none, internet, or a list of hosts and networks, found {text.Kind}.{Nearest.Hint(text.Text, ["none", "internet"])}"),
    };

    public static Parsed<EgressRule> Rule(YamlText text)
    {
        var written = text.Text;
        if (written.Contains("://", StringComparison.Ordinal))
            return Parsed<EgressRule>.Wrong($"'{written}' is an address of the web; write its host and port, such as api.example.com:443.");
        if (written.Contains('*', StringComparison.Ordinal))
            return Parsed<EgressRule>.Wrong($"'{written}' has a wildcard; hosts are opened one by one, by their whole name.");
        var (place, port, problem) = SplitPort(written);
        if (problem is not null)
            return Parsed<EgressRule>.Wrong(problem);
        if (place.Contains('/', StringComparison.Ordinal) || IPAddress.TryParse(place, out _))
            return Network(place, port);
        if (place == "localhost")
            return Parsed<EgressRule>.Wrong("An instance reaches itself in any case, and its host never.");
        return Host().IsMatch(place) && place.Length <= 253 ? Parsed<EgressRule>.Ok(new() { Host = place, Port = port }) : Parsed<EgressRule>.Wrong("");
    }

    private static (string Place, int? Port, string? Problem) SplitPort(string text)
    {
        var colon = text.LastIndexOf(':');
        var isAddress = text.Count(c => c == ':') > 1 && !text.StartsWith('[');
        if (colon < 0 || isAddress || text.EndsWith(']'))
            return (text.Trim('[', ']'), null, null);
        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535
            ? (text[..colon].Trim('[', ']'), port, null)
            : ("", null, $"'{text[(colon + 1)..]}' is not a port; expected a number from 1 to 65535.");
    }

    private static Parsed<EgressRule> Network(string place, int? port)
    {
        if (IPAddress.TryParse(place, out var address))
            place = $"{address}/{(address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}";
        if (!IPNetwork.TryParse(place, out var network))
            return Parsed<EgressRule>.Wrong($"'{place}' is not a network such as 10.1.0.0/16.");
        if (!network.BaseAddress.Equals(IPAddress.Parse(place[..place.IndexOf('/', StringComparison.Ordinal)])))
            return Parsed<EgressRule>.Wrong($"'{place}' has bits after its prefix; write {network} or the one address without a prefix.");
        if (network.PrefixLength == 0)
            return Parsed<EgressRule>.Wrong($"'{place}' is everything; write egress: internet, which leaves private ranges closed.");
        return Array.Exists(NeverOpen, n => n.Contains(network.BaseAddress) && n.PrefixLength <= network.PrefixLength)
            ? Parsed<EgressRule>.Wrong($"'{place}' is never opened: it is the host itself or the cloud's metadata address.")
            : Parsed<EgressRule>.Ok(new() { Network = network.ToString(), Port = port });
    }

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Host();
}
