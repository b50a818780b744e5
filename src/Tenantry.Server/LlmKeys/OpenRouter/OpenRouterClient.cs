using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.LlmKeys.OpenRouter;

/// <summary>OpenRouter's key-management API.</summary>
internal sealed class OpenRouterClient(HttpClient http, Uri baseUrl, string managementKey, string workspace, OpenRouterRetries retries, TimeProvider time) : ILlmProvider
{
    /// <summary>Where OpenRouter's own API is.</summary>
    public const string DefaultBaseUrl = "https://openrouter.ai/api/v1";

    // Pages overlap: keys that others delete in between move the rest forward, and none may be passed over.
    private const int Overlap = 10;
    private const int MostPages = 10_000;

    private readonly string _root = baseUrl.AbsoluteUri.TrimEnd('/');

    public async Task<IReadOnlyList<ProviderKey>> ListAsync(CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, ProviderKey>(StringComparer.Ordinal);
        var offset = 0;
        for (var pages = 0; pages < MostPages; pages++)
        {
            var page = await PageAsync(offset, cancellationToken);
            var news = page.Count(key => known.TryAdd(key.Hash, key));
            if (news == 0)
                return [.. known.Values];
            offset = Math.Max(offset + 1, offset + page.Count - Overlap);
        }

        throw new LlmProviderException(LlmFault.Unavailable, $"OpenRouter's list of keys does not end after {MostPages} pages.");
    }

    public async Task<ProviderKey?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(HttpMethod.Get, Route(hash), null, Data, retries.Repeatable, cancellationToken);
        }
        catch (LlmProviderException failure) when (failure.Fault == LlmFault.Gone)
        {
            return null;
        }
    }

    public Task<MintedKey> MintAsync(KeyTerms terms, CancellationToken cancellationToken) => AskAsync(
        HttpMethod.Post,
        "/keys",
        OpenRouterJson.Create(terms, workspace),
        answer => new MintedKey(Data(answer), OpenRouterJson.Required(answer, "key")),
        retries.Once,
        cancellationToken);

    public Task<ProviderKey> LimitAsync(string hash, decimal limit, LlmReset reset, CancellationToken cancellationToken) =>
        AskAsync(HttpMethod.Patch, Route(hash), OpenRouterJson.Limit(limit, reset), Data, retries.Repeatable, cancellationToken);

    public Task<ProviderKey> DisableAsync(string hash, bool disabled, CancellationToken cancellationToken) =>
        AskAsync(HttpMethod.Patch, Route(hash), OpenRouterJson.Disabled(disabled), Data, retries.Repeatable, cancellationToken);

    public async Task<bool> DeleteAsync(string hash, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(HttpMethod.Delete, Route(hash), null, IsDeleted, retries.Repeatable, cancellationToken);
        }
        catch (LlmProviderException failure) when (failure.Fault == LlmFault.Gone)
        {
            return false;
        }
    }

    private Task<List<ProviderKey>> PageAsync(int offset, CancellationToken cancellationToken)
    {
        var place = workspace.Length == 0 ? "" : "&workspace_id=" + Uri.EscapeDataString(workspace);
        return AskAsync(
            HttpMethod.Get,
            $"/keys?include_disabled=true&offset={offset.ToString(CultureInfo.InvariantCulture)}{place}",
            null,
            answer => answer.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array
                ? data.EnumerateArray().Select(OpenRouterJson.ReadKey).ToList()
                : throw new FormatException("'data' is no list"),
            retries.Repeatable,
            cancellationToken);
    }

    private async Task<T> AskAsync<T>(HttpMethod method, string path, byte[]? body, Func<JsonElement, T> read, ResiliencePipeline pipeline, CancellationToken cancellationToken) =>
        await pipeline.ExecuteAsync(async token => await AskOnceAsync(method, path, body, read, token), cancellationToken);

    private async Task<T> AskOnceAsync<T>(HttpMethod method, string path, byte[]? body, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, _root + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", managementKey);
        if (body is not null)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created))
                throw OpenRouterErrors.Read(answer.StatusCode, text, answer.Headers, time.GetUtcNow());
            using var json = JsonDocument.Parse(text);
            return read(json.RootElement);
        }
        catch (HttpRequestException failure)
        {
            throw new LlmProviderException(LlmFault.Unavailable, $"OpenRouter at {_root} does not answer: {failure.Message}", cause: failure);
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException)
        {
            throw new LlmProviderException(LlmFault.Unavailable, $"What answered at {_root} is not OpenRouter's key API, or the answer was cut off ({failure.GetType().Name}). Check the base URL.");
        }
    }

    private static ProviderKey Data(JsonElement answer) => answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("data", out var data)
        ? OpenRouterJson.ReadKey(data)
        : throw new FormatException("'data' is missing");

    private static bool IsDeleted(JsonElement answer) => answer.TryGetProperty("deleted", out var deleted) && deleted.ValueKind == JsonValueKind.True
        ? true
        : throw new FormatException("'deleted' is missing");

    private static string Route(string hash) => "/keys/" + Uri.EscapeDataString(hash);
}
