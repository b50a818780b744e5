using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>The Engine API, in a version that both sides know.</summary>
internal sealed class EngineClient : IEngine
{
    private static readonly Version Newest = new(1, 47);
    private readonly IEngineDoor _door;
    private readonly HttpClient _http;
    private string? _prefix;

    internal EngineClient(string socketPath)
        : this(new UnixDoor(socketPath))
    {
    }

    internal EngineClient(IEngineDoor door)
    {
        _door = door;
        _http = Client(Handler(null));
    }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(_http, HttpMethod.Get, path, null, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await JsonAsync(answer, cancellationToken);
    }

    public async Task<JsonElement> PostAsync(string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var content = Content(body);
        using var answer = await SendAsync(_http, HttpMethod.Post, path, content, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await JsonAsync(answer, cancellationToken);
    }

    public async Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await SendAsync(_http, HttpMethod.Delete, path, null, HttpCompletionOption.ResponseContentRead, cancellationToken);
            return true;
        }
        catch (EngineException error) when (error.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    public async Task PutAsync(string path, Stream archive, CancellationToken cancellationToken)
    {
        using var content = Archive(archive);
        using var answer = await SendAsync(_http, HttpMethod.Put, path, content, HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    public async Task<Stream> StreamAsync(string path, Stream? body, CancellationToken cancellationToken)
    {
        using var content = body is null ? null : Archive(body);
        var answer = await SendAsync(_http, content is null ? HttpMethod.Get : HttpMethod.Post, path, content, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await answer.Content.ReadAsStreamAsync(cancellationToken);
    }

    public async Task<IHijacked> HijackAsync(string path, JsonNode body, CancellationToken cancellationToken)
    {
        EngineConnection? used = null;
        var client = Client(Handler(connection => used = connection));
        try
        {
            using var content = Content(body);
            var answer = await SendAsync(client, HttpMethod.Post, path, content, HttpCompletionOption.ResponseHeadersRead, cancellationToken, upgrade: true);
            if (answer.StatusCode != HttpStatusCode.SwitchingProtocols)
                throw new EngineException(answer.StatusCode, "The engine did not hand its connection over.");
            return new Hijacked(client, await answer.Content.ReadAsStreamAsync(cancellationToken), used!);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public Task<int?> FindProcessAsync(CancellationToken cancellationToken) => _door.FindProcessAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The version of the API that both know, of what the engine says of itself.</summary>
    internal static string Negotiate(JsonElement version)
    {
        var theirs = Version.Parse(version.GetProperty("ApiVersion").GetString()!);
        return (theirs < Newest ? theirs : Newest).ToString(2);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HttpMethod method, string path, HttpContent? content, HttpCompletionOption wait, CancellationToken cancellationToken, bool upgrade = false)
    {
        var prefix = _prefix ??= await NegotiateAsync(cancellationToken);
        return await SendRawAsync(client, method, prefix + path, content, wait, cancellationToken, upgrade);
    }

    private async Task<string> NegotiateAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendRawAsync(_http, HttpMethod.Get, "/version", null, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return "/v" + Negotiate(await JsonAsync(answer, cancellationToken));
    }

    private async Task<HttpResponseMessage> SendRawAsync(
        HttpClient client, HttpMethod method, string path, HttpContent? content, HttpCompletionOption wait, CancellationToken cancellationToken, bool upgrade = false)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (upgrade)
        {
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.Add(new ProductHeaderValue("tcp"));
        }

        HttpResponseMessage answer;
        try
        {
            answer = await client.SendAsync(request, wait, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            // What the door says of a connection is whole; what breaks later may be the other side's word about our certificate.
            throw error.InnerException as EngineException ?? new EngineException(null, DockerErrors.TlsAlert(error) is { } alert ? $"{_door.Name}: {alert}" : (error.InnerException ?? error).Message, error);
        }

        if (answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.NotModified or HttpStatusCode.SwitchingProtocols)
            return answer;
        using (answer)
            throw new EngineException(answer.StatusCode, Message(await answer.Content.ReadAsStringAsync(cancellationToken)));
    }

    private static string Message(string body)
    {
        try
        {
            return JsonNode.Parse(body)?["message"]?.GetValue<string>() ?? body;
        }
        catch (JsonException)
        {
            return body;
        }
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        return body.Length == 0 ? default : JsonElement.Parse(body);
    }

    private static StringContent? Content(JsonNode? body) =>
        body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static StreamContent Archive(Stream archive)
    {
        var content = new StreamContent(archive);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        return content;
    }

    private static HttpClient Client(SocketsHttpHandler handler) => new(handler) { BaseAddress = new Uri("http://engine"), Timeout = Timeout.InfiniteTimeSpan };

    private SocketsHttpHandler Handler(Action<EngineConnection>? connected) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var connection = await _door.OpenAsync(cancellationToken);
            connected?.Invoke(connection);
            return connection.Stream;
        },
    };

    private sealed class Hijacked(HttpClient client, Stream stream, EngineConnection connection) : IHijacked
    {
        public Stream Stream => stream;

        public Task EndInputAsync() => connection.EndInputAsync();

        public async ValueTask DisposeAsync()
        {
            await stream.DisposeAsync();
            client.Dispose();
        }
    }
}
