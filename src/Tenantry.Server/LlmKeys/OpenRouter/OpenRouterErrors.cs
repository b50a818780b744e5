using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Tenantry.Server.LlmKeys.OpenRouter;

/// <summary>The one place that reads what OpenRouter says about a failure.</summary>
internal static class OpenRouterErrors
{
    private const int LongestQuote = 200;

    /// <summary>What an answer that is no success means.</summary>
    public static LlmProviderException Read(HttpStatusCode status, string body, HttpResponseHeaders headers, DateTimeOffset now)
    {
        var (isTheirs, said, source) = Parse(body);
        var quote = said.Length == 0 ? "" : $" It says: {said}";
        return (int)status switch
        {
            401 when isTheirs => new LlmProviderException(LlmFault.WrongManagementKey, $"OpenRouter does not know the management key.{quote}"),
            402 or 403 when isTheirs && IsKeyCap(said, source) => new LlmProviderException(LlmFault.KeyCap, $"The key's limit is used up.{quote}"),
            402 when isTheirs => new LlmProviderException(LlmFault.OutOfCredit, $"The OpenRouter account has no credit left.{quote}"),
            403 when isTheirs => new LlmProviderException(LlmFault.Forbidden, $"OpenRouter does not allow the management key to do that.{quote}"),
            404 when isTheirs => new LlmProviderException(LlmFault.Gone, $"OpenRouter has no such key.{quote}"),
            429 => new LlmProviderException(LlmFault.TooManyRequests, $"OpenRouter wants to be asked less often.{quote}", RetryAfter(headers, now)),
            >= 400 and < 500 when isTheirs => new LlmProviderException(LlmFault.Refused, $"OpenRouter refused it ({Code(status)}).{quote}"),
            // A page of a proxy, a login form, an empty answer: whoever answered was not OpenRouter's key API.
            >= 300 and < 500 => new LlmProviderException(LlmFault.Unavailable, $"What answered with {Code(status)} is not OpenRouter's key API. Check the base URL."),
            _ => new LlmProviderException(LlmFault.Unavailable, $"OpenRouter has a failure of its own ({Code(status)}).{quote}", RetryAfter(headers, now)),
        };
    }

    // A spent key is told by its source in newer answers, by its text in older ones.
    private static bool IsKeyCap(string said, string source) =>
        source == "openrouter_key_limit" || (source.Length == 0 && said.Contains("Key limit exceeded", StringComparison.OrdinalIgnoreCase));

    private static (bool IsTheirs, string Said, string Source) Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object)
                return (false, "", "");
            var source = error.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object ? Text(metadata, "limit_source") : "";
            return (error.TryGetProperty("code", out _), Shown(Text(error, "message")), source);
        }
        catch (JsonException)
        {
            return (false, "", "");
        }
    }

    private static string Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    // Quoted to people: no control characters, and nothing that looks like a key.
    private static string Shown(string text)
    {
        var words = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Split(' ').Select(word => word.Contains("sk-or-", StringComparison.Ordinal) ? "(a key)" : word);
        var whole = string.Join(' ', words);
        return whole.Length <= LongestQuote ? whole : whole[..LongestQuote] + "…";
    }

    private static TimeSpan? RetryAfter(HttpResponseHeaders headers, DateTimeOffset now) => headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > now ? date - now : TimeSpan.Zero,
        _ => null,
    };

    private static string Code(HttpStatusCode status) => ((int)status).ToString(CultureInfo.InvariantCulture);
}
