using System.Globalization;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Instances;

/// <summary>What the fields of an instance may hold, given its release.</summary>
internal static partial class InstanceFields
{
    private const int LongestHost = 253;
    private const int MostHosts = 100;

    /// <summary>The one tier that an organization has without asking the platform, which pays: the manifest's default, or its first.</summary>
    public static string FreeTier(Manifest manifest) => manifest.DefaultTier ?? manifest.Tiers[0].Name;

    /// <summary>The tier that is meant.</summary>
    public static string Tier(Manifest manifest, string? wanted, List<ProblemError> errors)
    {
        var name = wanted ?? manifest.DefaultTier ?? (manifest.Tiers.Count == 1 ? manifest.Tiers[0].Name : null);
        var known = manifest.Tiers.Select(t => t.Name).ToArray();
        if (name is null)
            errors.Add(new ProblemError("tier", $"The manifest has no default tier; say which one: {string.Join(", ", known)}."));
        else if (manifest.FindTier(name) is null)
            errors.Add(new ProblemError("tier", $"There is no tier '{name}'; there is {string.Join(", ", known)}.{Nearest.Hint(name, known)}"));
        return name ?? "";
    }

    /// <summary>Host names in their usual form. Names below the base domain belong to slugs: one instance must not take another's, and none the server's own.</summary>
    public static IReadOnlyList<string> Hosts(IReadOnlyList<string> hosts, ApiSettings settings, List<ProblemError> errors)
    {
        var baseDomain = settings.BaseDomain;
        if (hosts.Count > MostHosts)
            errors.Add(new ProblemError("hosts", $"At most {MostHosts} hosts are possible."));
        var usual = new List<string>();
        for (var i = 0; i < hosts.Count; i++)
        {
            var host = hosts[i].TrimEnd('.').ToLowerInvariant();
            if (host.Length is 0 or > LongestHost || !HostName().IsMatch(host))
                errors.Add(new ProblemError($"hosts[{i}]", $"'{hosts[i]}' is none: a DNS name such as app.example.com is expected, without scheme, port or wildcard.{Encoded(host)}"));
            else if (host == baseDomain || host.EndsWith("." + baseDomain, StringComparison.Ordinal))
                errors.Add(new ProblemError($"hosts[{i}]", $"Names at and below {baseDomain} belong to the slugs of instances."));
            else if (settings.IsOwnHost(host))
                errors.Add(new ProblemError($"hosts[{i}]", $"'{host}' is the control plane's own name."));
            else if (usual.Contains(host, StringComparer.Ordinal))
                errors.Add(new ProblemError($"hosts[{i}]", $"'{host}' is there twice."));
            else
                usual.Add(host);
        }
        return usual;
    }

    /// <summary>Values of features in their usual form.</summary>
    public static IReadOnlyDictionary<string, string> Features(Manifest manifest, IReadOnlyDictionary<string, string> wanted, List<ProblemError> errors)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in wanted)
        {
            var known = manifest.FindFeature(name);
            if (known is null)
                errors.Add(new ProblemError($"features.{name}", $"The manifest has no feature '{name}'; {Listed(manifest)}.{Nearest.Hint(name, manifest.Features.Select(f => f.Name))}"));
            else if (Usual(known.Type, text) is { } value)
                values.Add(name, value);
            else
                errors.Add(new ProblemError($"features.{name}", $"'{name}' wants {(known.Type == FeatureType.Bool ? $"true or false, '{text}' is neither" : $"a number, '{text}' is none")}."));
        }
        return values;
    }

    public static void CheckSlug(string slug, ApiSettings settings, List<ProblemError> errors)
    {
        if (slug.Length > Slug.MaximumLength || !Label().IsMatch(slug))
            errors.Add(new ProblemError("slug", $"A DNS label is expected: at most {Slug.MaximumLength} lower-case letters, digits and hyphens, with a letter or digit at both ends."));
        else if (NamingRules.Reserved(NameKind.Tenant).Contains(slug) || slug.StartsWith("xn--", StringComparison.Ordinal) || IsOwn(slug, settings))
            errors.Add(new ProblemError("slug", $"'{slug}' is reserved."));
    }

    /// <summary>True for the slug whose name below the base domain is the API's or the gateway's.</summary>
    public static bool IsOwn(string slug, ApiSettings settings) => settings.IsOwnHost($"{slug}.{settings.BaseDomain}");

    private static string Listed(Manifest manifest) =>
        manifest.Features.Count == 0 ? "it has none" : $"it has {string.Join(", ", manifest.Features.Select(f => f.Name))}";

    // A name with other letters has a form that DNS knows.
    private static string Encoded(string host)
    {
        try
        {
            var ascii = new IdnMapping().GetAscii(host);
            return ascii != host && HostName().IsMatch(ascii) ? $" Write it as {ascii}." : "";
        }
        catch (ArgumentException)
        {
            return "";
        }
    }

    private static string? Usual(FeatureType type, string text) => type switch
    {
        FeatureType.Bool => text is "true" or "false" ? text : null,
        FeatureType.Number => decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number.ToString("0.############################", CultureInfo.InvariantCulture)
            : null,
        _ => text,
    };

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?\\z")]
    private static partial Regex Label();

    // The last label has a letter, so that no address is taken for a name.
    [GeneratedRegex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9-]*[a-z][a-z0-9-]*\\z")]
    private static partial Regex HostName();
}
