using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Sends requests and turns what comes back into values or exceptions: nothing else in this library touches HTTP.</summary>
internal sealed class Transport : IDisposable
{
    /// <summary>Between two tries.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);

    private readonly TenantryAddress _address;
    private readonly HttpMessageInvoker _invoker;
    private readonly string? _token;

    public Transport(TenantryAddress address, string? token)
    {
        _address = address;
        _token = string.IsNullOrEmpty(token) ? null : token;
        _invoker = new HttpMessageInvoker(address.CreateHandler());
    }

    public Transport(TenantryAddress address, HttpMessageHandler handler)
    {
        _address = address;
        _invoker = new HttpMessageInvoker(handler);
    }

    public TenantryAddress Address => _address;

    public HttpMessageInvoker Invoker => _invoker;

    /// <summary>How long reads are tried again while nobody answers.</summary>
    public TimeSpan Patience { get; set; }

    public AuthenticationHeaderValue? Authorization => _token is null ? null : new("Bearer", _token);

    public void Dispose() => _invoker.Dispose();

    public HttpRequestMessage Request(HttpMethod method, string path) => new(method, new Uri(_address.BaseAddress, path));

    public static HttpContent Json<T>(T value)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, Info<T>()));
        content.Headers.ContentType = new("application/json");
        return content;
    }

    public static T Read<T>(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, Info<T>()) ?? throw new JsonException($"The JSON value null instead of {typeof(T).Name}.");

    /// <summary>Sends, and returns a successful answer whose body is still to be read. The caller disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = Authorization;
        request.Headers.UserAgent.Add(UserAgent.Value);
        HttpResponseMessage response;
        try
        {
            response = await _invoker.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            throw new TenantryUnavailableException(_address, failure);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw new TenantryException(response.StatusCode, await ReadProblemAsync(response, cancellationToken));
    }

    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var request = Request(HttpMethod.Get, path);
                using var response = await SendAsync(request, cancellationToken);
                return await ReadAsync<T>(response, cancellationToken);
            }
            catch (Exception away) when (IsAway(away) && TimeProvider.System.GetElapsedTime(begin) < Patience)
            {
                await Task.Delay(RetryPause, cancellationToken);
            }
        }
    }

    /// <summary>True when nobody answered, or only to say that something behind it does not, or that there is too much at this moment.</summary>
    public static bool IsAway(Exception failure) =>
        failure is TenantryUnavailableException or TenantryException { Status: HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests };

    /// <summary>Null exactly when the answer is 404.</summary>
    public async Task<T?> FindAsync<T>(string path, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await GetAsync<T>(path, cancellationToken);
        }
        catch (TenantryException refused) when (refused.Status == HttpStatusCode.NotFound && refused.Code == ProblemCodes.NotFound)
        {
            return null;
        }
    }

    /// <summary>All items of a list, part after part.</summary>
    public async IAsyncEnumerable<T> ListAsync<T>(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var part = $"{path}{separator}limit=1000" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor));
            var page = await GetAsync<PageResponse<T>>(part, cancellationToken);
            foreach (var item in page.Items)
                yield return item;
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    public async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(body, Info<T>(), cancellationToken)
                ?? throw new JsonException($"The JSON value null instead of {typeof(T).Name}.");
        }
        catch (Exception broken) when (broken is HttpIOException or IOException)
        {
            throw new TenantryUnavailableException(_address, broken);
        }
        catch (JsonException strange)
        {
            throw new TenantryException(response.StatusCode, new() { Title = "Strange answer", Status = (int)response.StatusCode, Detail = $"{_address} answered with something that is not {typeof(T).Name}: {strange.Message} Is it a Tenantry control plane of this version?" });
        }
    }

    /// <summary>The problem with which a body ends, or null.</summary>
    public static ProblemResponse? FindProblem(ReadOnlySpan<byte> end)
    {
        var mark = end.LastIndexOf(ProblemAtEnd.Mark);
        if (mark < 0)
            return null;
        try
        {
            return Read<ProblemResponse>(end[(mark + ProblemAtEnd.Mark.Length)..]);
        }
        catch (JsonException)
        {
            // Content of a file that says the same.
            return null;
        }
    }

    /// <summary>Reads a body as it comes; a connection that breaks is <see cref="TenantryUnavailableException"/>.</summary>
    public async IAsyncEnumerable<T> ReadPiecesAsync<T>(IAsyncEnumerable<T> pieces, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var each = pieces.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await each.MoveNextAsync())
                    yield break;
            }
            catch (Exception broken) when (broken is HttpIOException or IOException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new TenantryUnavailableException(_address, broken);
            }

            yield return each.Current;
        }
    }

    private static JsonTypeInfo<T> Info<T>() => (JsonTypeInfo<T>)WireJson.Options.GetTypeInfo(typeof(T));

    private static async Task<ProblemResponse> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                return Read<ProblemResponse>(body) with { Status = status };
            }
            catch (JsonException)
            {
                // Said to be a problem and is none: shown like any other text below.
            }
        }

        var line = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200))).Split('\n')[0].Trim();
        return new()
        {
            Title = response.ReasonPhrase ?? "HTTP " + status,
            Status = status,
            Detail = $"HTTP {status} {response.ReasonPhrase}".TrimEnd() + (line.Length > 0 ? ": " + line : ""),
        };
    }

    private static class UserAgent
    {
        public static readonly ProductInfoHeaderValue Value = new("tenantry-client", typeof(UserAgent).Assembly.GetName().Version?.ToString(3) ?? "0");
    }
}
