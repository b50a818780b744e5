using System.Text.RegularExpressions;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Tells from a variable's name whether its value is a secret, which must not be copied into a manifest.</summary>
internal static partial class SecretGuess
{
    public static bool IsSecret(string variable) => Secret().IsMatch(variable);

    /// <summary>Whether a value that nobody chose would do: a password of the app's own, but not an address, nor a key to somebody else's service.</summary>
    public static bool CanBeGenerated(string variable) => IsSecret(variable) && !Foreign().IsMatch(variable);

    /// <summary>The secret's name for a variable. A name that starts with an underscore or digit cannot be a secret's.</summary>
    public static string NameOf(string variable) =>
        variable.TrimStart('_').ToLowerInvariant() is var name && name.Length > 0 && char.IsAsciiLetter(name[0]) ? name : "secret_" + name;

    [GeneratedRegex("(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ENCRYPTION_?KEY|MASTER_?KEY|SECRET_?KEY(_BASE)?|CREDENTIALS?)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Secret();

    [GeneratedRegex("API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|BOT_TOKEN|AUTH_TOKEN|CLIENT_SECRET", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Foreign();
}
