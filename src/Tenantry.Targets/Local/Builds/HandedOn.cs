using System.Collections;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Local.Builds;

/// <summary>Variables of this process that builds get: what a company's machine needs to reach its mirrors is said in these.</summary>
internal static class HandedOn
{
    private static readonly string[] Names = ["http_proxy", "https_proxy", "no_proxy", "all_proxy", "node_extra_ca_certs", "ssl_cert_file", "ssl_cert_dir", "requests_ca_bundle", "curl_ca_bundle"];
    private static readonly string[] Prefixes = ["npm_config_", "pip_", "uv_", "nuget_", "cargo_", "goproxy", "gosumdb"];
    private static readonly string[] Credentials = ["token", "auth", "password", "secret"];

    internal static IEnumerable<KeyValuePair<string, string>> OfProcess() =>
        from DictionaryEntry variable in Environment.GetEnvironmentVariables()
        where variable is { Key: string name, Value: string } && IsHandedOn(name)
        select KeyValuePair.Create((string)variable.Key, (string)variable.Value!);

    /// <summary>Hides what lets somebody in where such variables do: passwords in addresses, tokens.</summary>
    internal static SecretMask MaskOf(IEnumerable<KeyValuePair<string, string>> variables) => new(variables.SelectMany(variable => HiddenOf(variable.Key, variable.Value)));

    private static IEnumerable<string> HiddenOf(string name, string value)
    {
        if (Credentials.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            yield return value;
        foreach (var address in value.Split([' ', ',', ';', '|'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.UserInfo.Length == 0)
                continue;
            var password = uri.UserInfo[(uri.UserInfo.IndexOf(':', StringComparison.Ordinal) + 1)..];
            yield return password;
            yield return Uri.UnescapeDataString(password);
        }
    }

    private static bool IsHandedOn(string name) =>
        Names.Contains(name, StringComparer.OrdinalIgnoreCase) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
