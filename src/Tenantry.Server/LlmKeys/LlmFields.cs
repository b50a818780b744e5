using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>What the fields of requests about LLM keys may hold.</summary>
internal static class LlmFields
{
    private const int ShortestPoll = 1;
    private const int LongestPoll = 86_400;
    private const int LongestKey = 1024;

    /// <summary>US dollars, or null for null.</summary>
    public static decimal? Limit(MoneyResponse? money, string path) => money is null
        ? null
        : Dollars.Read(money) ?? throw ProblemException.Invalid(path, $"An amount in USD with whole cents is expected, such as {{\"amount\": \"5.00\", \"currency\": \"USD\"}}; this is {money.Amount} {money.Currency}.");

    public static void Check(string name, PutLlmProviderRequest request, LlmProviderRecord? present)
    {
        var errors = new List<ProblemError>();
        if (!LlmProviders.All.Contains(name, StringComparer.Ordinal))
            errors.Add(new ProblemError("provider", $"There is no LLM provider '{name}'; there is {string.Join(", ", LlmProviders.All)}.{Nearest.Hint(name, LlmProviders.All)}"));
        if (present is null && request.ManagementKey is null)
            errors.Add(new ProblemError("managementKey", "The management key is needed the first time."));
        else if (request is { ManagementKey: null, BaseUrl: { } elsewhere } && elsewhere.TrimEnd('/') != present?.BaseUrl)
            errors.Add(new ProblemError("managementKey", "Another address needs the management key again: the stored one is not sent anywhere but to the address that it was given for."));
        if (request.ManagementKey is { } key && (key.Length is 0 or > LongestKey || key.Any(c => c is <= ' ' or > '~')))
            errors.Add(new ProblemError("managementKey", $"A key of 1 to {LongestKey} visible ASCII characters is expected."));
        if (request.BaseUrl is { } url && !IsUsable(url))
            errors.Add(new ProblemError("baseUrl", "An https address is expected, such as https://openrouter.ai/api/v1; http only on this machine (127.0.0.1), since the management key goes there."));
        if (request.PollSeconds is < ShortestPoll or > LongestPoll)
            errors.Add(new ProblemError("pollSeconds", $"{ShortestPoll} to {LongestPoll} seconds are possible."));
        if (request.Workspace is { } workspace && (workspace.Length > 100 || workspace.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))))
            errors.Add(new ProblemError("workspace", "A workspace's id is expected: letters, digits, hyphens and underscores."));
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    private static bool IsUsable(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Query.Length == 0 && parsed.Fragment.Length == 0 && parsed.UserInfo.Length == 0 &&
        (parsed.Scheme == Uri.UriSchemeHttps || (parsed.Scheme == Uri.UriSchemeHttp && parsed.IsLoopback));
}
