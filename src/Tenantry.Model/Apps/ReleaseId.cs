using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Apps;

/// <summary>Ids of releases. The same manifest and inputs give the same id, unless a build was forced: that release has an id of its own.</summary>
public static class ReleaseId
{
    private const int DigestDigits = 12;

    /// <summary>The id of a release of that content: a DNS label of at most 40 characters.</summary>
    /// <param name="app">The app's name.</param>
    /// <param name="manifestDigest">Of its manifest.</param>
    /// <param name="inputsDigest">Of its build's inputs.</param>
    /// <param name="forced">What tells a forced build from all others of that content; empty when none was forced.</param>
    public static string Of(string app, string manifestDigest, string inputsDigest, string forced = "")
    {
        var text = $"{app}\n{manifestDigest}\n{inputsDigest}{(forced.Length > 0 ? "\n" + forced : "")}";
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..DigestDigits];
        var room = NamingRules.MaximumLength - DigestDigits - 1;
        return $"{(app.Length <= room ? app : app[..room].TrimEnd('-'))}-{digest}";
    }

    /// <summary>True when a release's build was forced: its id is not that of its content.</summary>
    public static bool IsForced(Release release) => release.Id != Of(release.App, release.ManifestDigest, release.InputsDigest);
}
