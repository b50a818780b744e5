using System.Globalization;
using System.Text.RegularExpressions;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together in secrets.</summary>
internal static partial class SecretChecks
{
    private const int TokenBytes = 32;
    private const int PasswordLength = 24;

    public static Parsed<GeneratedSecret> Generate(YamlText text)
    {
        var match = Generator().Match(text.Text);
        if (!match.Success)
            return Parsed<GeneratedSecret>.Wrong("");
        var kind = match.Groups["kind"].Value switch { "token" => GeneratedKind.Token, "password" => GeneratedKind.Password, _ => GeneratedKind.Keypair };
        int? given = match.Groups["length"] is { Success: true } number ? int.Parse(number.Value, CultureInfo.InvariantCulture) : null;
        return kind switch
        {
            GeneratedKind.Keypair when given is not null => Parsed<GeneratedSecret>.Wrong("A key pair has no length; write keypair."),
            GeneratedKind.Token when given is < 16 or > 1024 => Parsed<GeneratedSecret>.Wrong($"A token of {given} bytes is not offered; from 16 to 1024."),
            GeneratedKind.Password when given is < 12 or > 256 => Parsed<GeneratedSecret>.Wrong($"A password of {given} characters is not offered; from 12 to 256."),
            _ => Parsed<GeneratedSecret>.Ok(new() { Kind = kind, Length = given ?? kind switch { GeneratedKind.Token => TokenBytes, GeneratedKind.Password => PasswordLength, _ => 0 } }),
        };
    }

    public static string? Pattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return $"'{pattern}' is not a regular expression that can be used here; back-references and look-around are not offered, since they can take forever.";
        }
    }

    public static SecretDefinition Secret(SecretDefinition secret, string path, ReadContext context)
    {
        if (secret.Generate is not null && secret.Provider is not null)
            context.Report(path, "Both 'generate' and 'provider' are given; the value can come from one of them only.");
        if (secret.Provider is { } provider && !LlmProviders.All.Contains(provider, StringComparer.Ordinal))
            context.Report(PathText.Key(path, "provider"), $"There is no provider '{provider}'; there is {string.Join(", ", LlmProviders.All)}.{Nearest.Hint(provider, LlmProviders.All)}");
        if (secret.Provider is not null && secret.Scope != SecretScope.Instance)
            context.Report(PathText.Key(path, "scope"), "A provider issues a key for each instance; leave the scope out.");
        if (secret.Generate is not null && secret.Pattern is not null)
            context.Report(PathText.Key(path, "pattern"), "A generated value is not made to fit a pattern; leave out one of the two.");
        return secret;
    }

    /// <summary>No two secrets in one variable, and none in a variable that a service sets itself.</summary>
    public static void Variables(Manifest manifest, ReadContext context)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var secret in manifest.Secrets.Where(s => s.Env is not null))
        {
            var path = PathText.Key(PathText.Key("secrets", secret.Name), "env");
            if (!owners.TryAdd(secret.Env!, secret.Name))
                context.Report(path, $"The secret '{owners[secret.Env!]}' has the variable {secret.Env} already.");
            foreach (var service in manifest.Services.Where(s => s.Env.ContainsKey(secret.Env!)))
                context.Report(path, $"The service '{service.Name}' sets {secret.Env} in its own env.");
        }
    }

    [GeneratedRegex(@"^(?<kind>token|password|keypair)(\((?<length>[0-9]{1,4})\))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Generator();
}
