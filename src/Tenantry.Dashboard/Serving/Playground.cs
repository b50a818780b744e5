using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Tenantry.Dashboard.Serving;

/// <summary>Requests that a person sends to an instance from its page. They go through the gateway like anybody's: they wake it, and its limits count.</summary>
internal sealed class Playground(ApiSettings settings) : IDisposable
{
    private const int Shown = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly Lazy<HttpMessageInvoker> invoker = new(() => new HttpMessageInvoker(new SocketsHttpHandler
    {
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
    }));

    /// <summary>Methods that can be chosen.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

    /// <exception cref="ProblemException">It is no request that can be sent.</exception>
    public async Task<PlaygroundAnswer> SendAsync(string slug, string method, string path, string contentType, string body, CancellationToken cancellationToken)
    {
        if (!Methods.Contains(method, StringComparer.Ordinal))
            throw ProblemException.Invalid("method", $"One of {string.Join(", ", Methods)} is expected.");
        if (!path.StartsWith('/') || path.Any(c => c <= ' ' || c == '\x7f'))
            throw ProblemException.Invalid("path", "A path is expected that begins with a slash and has no spaces.");
        // It is written into the request as it is: nothing in it may begin another field.
        if (body.Length > 0 && (contentType.Any(char.IsControl) || !MediaTypeHeaderValue.TryParse(contentType, out _)))
            throw ProblemException.Invalid("contentType", "A media type is expected, such as application/json.");
        var url = new Uri(settings.UrlOf(slug) ?? throw ProblemException.Conflict("No gateway is known here."));
        using var request = new HttpRequestMessage(new HttpMethod(method), At(Door(url), path));
        request.Headers.Host = url.Authority;
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tenantry-dashboard", settings.Version));
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(Patience);
        var begin = Stopwatch.GetTimestamp();
        try
        {
            using var response = await invoker.Value.SendAsync(request, late.Token);
            var (bytes, isWhole) = await ReadAsync(response, late.Token);
            var took = Stopwatch.GetElapsedTime(begin);
            var fields = response.Headers.Concat(response.Content.Headers).Select(field => (field.Key, string.Join(", ", field.Value))).ToArray();
            return new PlaygroundAnswer((int)response.StatusCode, response.ReasonPhrase ?? "", took, fields, Text(response.Content.Headers.ContentType, bytes), bytes.Length, isWhole);
        }
        catch (HttpRequestException failure)
        {
            throw new ProblemException(502, Model.Wire.ProblemCodes.TargetFailed, $"The gateway did not answer at {url}: {failure.GetBaseException().Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProblemException(504, Model.Wire.ProblemCodes.TimedOut, $"{slug} did not answer within {Patience.TotalSeconds:0} seconds.");
        }
    }

    public void Dispose()
    {
        if (invoker.IsValueCreated)
            invoker.Value.Dispose();
    }

    /// <summary>The path at the door, and nowhere else: as a reference, <c>//host/</c> and <c>/\host/</c> are other places.</summary>
    /// <exception cref="ProblemException">It would lead elsewhere.</exception>
    internal static Uri At(Uri door, string path)
    {
        var authority = door.GetLeftPart(UriPartial.Authority);
        return Uri.TryCreate(authority + path, UriKind.Absolute, out var url) && url.GetLeftPart(UriPartial.Authority) == authority && url.UserInfo.Length == 0
            ? url
            : throw ProblemException.Invalid("path", "A path of the instance is expected.");
    }

    // A gateway on this machine is reached at its address; names below localhost are not known to every resolver.
    private Uri Door(Uri url)
    {
        var gateway = settings.Gateway()!;
        if (!IPAddress.TryParse(gateway.Host.Trim('[', ']'), out var address))
            return url;
        var host = address.Equals(IPAddress.Any) ? "127.0.0.1" : address.Equals(IPAddress.IPv6Any) ? "[::1]" : gateway.Host;
        return new Uri($"{gateway.Scheme}://{host}:{gateway.Port}");
    }

    private static async Task<(byte[] Bytes, bool IsWhole)> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Shown + 1];
        var count = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return (buffer[..Math.Min(count, Shown)], count <= Shown);
    }

    // Null: nothing that a person reads.
    private static string? Text(MediaTypeHeaderValue? type, byte[] bytes)
    {
        var media = type?.MediaType ?? "text/plain";
        if (media.Contains("json", StringComparison.OrdinalIgnoreCase))
            return Indented(bytes);
        return media.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || media.Contains("xml", StringComparison.OrdinalIgnoreCase) || media.Contains("javascript", StringComparison.OrdinalIgnoreCase)
            ? Encoding.UTF8.GetString(bytes)
            : null;
    }

    private static string Indented(byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            return JsonSerializer.Serialize(json.RootElement, Indent);
        }
        catch (JsonException)
        {
            return Encoding.UTF8.GetString(bytes);
        }
    }

    private static readonly JsonSerializerOptions Indent = new() { WriteIndented = true, Encoder = Model.Wire.WireJson.Options.Encoder };
}

/// <summary>What an instance answered.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Reason">Its words.</param>
/// <param name="Took">Until the last byte, or the last that is shown.</param>
/// <param name="Fields">Headers.</param>
/// <param name="Text">The body; null when it is not text.</param>
/// <param name="Bytes">That were read.</param>
/// <param name="IsWhole">False: there was more.</param>
public sealed record PlaygroundAnswer(int Status, string Reason, TimeSpan Took, IReadOnlyList<(string Name, string Value)> Fields, string? Text, int Bytes, bool IsWhole);
