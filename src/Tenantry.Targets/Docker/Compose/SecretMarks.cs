using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>
/// What stands for a secret's value where the value must not be known: resolved into a workload like a value, and found again in whatever the
/// workload holds of it. No text of a manifest can look like one, since YAML has no such character.
/// </summary>
public static partial class SecretMarks
{
    /// <summary>The mark of a secret.</summary>
    public static string Of(string name) => $"\u0001{name}\u0002";

    /// <summary>Names of the secrets whose marks are in the text.</summary>
    internal static IEnumerable<string> In(string text) => Mark().Matches(text).Select(match => match.Groups["name"].Value);

    /// <summary>The text as a Compose value: its own dollars stay dollars, and marks become variables without which Compose does not start.</summary>
    internal static string ToVariables(string slug, string text, ICollection<ComposeVariable> used) =>
        Mark().Replace(text.Replace("$", "$$", StringComparison.Ordinal), match =>
        {
            var variable = new ComposeVariable(slug, match.Groups["name"].Value, VariableOf(slug, match.Groups["name"].Value));
            if (!used.Contains(variable))
                used.Add(variable);
            return $"${{{variable.Name}:?set it to the secret {variable.Secret} of {slug}}}";
        });

    /// <summary>The variable of an instance's secret: for people at the front, and told apart from every other by its digits.</summary>
    internal static string VariableOf(string slug, string name)
    {
        var digits = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{slug}\n{name}")))[..4];
        return NotInVariables().Replace($"SECRET_{slug}_{name}", "_").ToUpperInvariant() + "_" + digits;
    }

    [GeneratedRegex("\u0001(?<name>[^\u0001\u0002]*)\u0002", RegexOptions.ExplicitCapture)]
    private static partial Regex Mark();

    [GeneratedRegex("[^A-Za-z0-9]")]
    private static partial Regex NotInVariables();
}
