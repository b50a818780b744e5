using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Serving;

/// <summary>Where the web side listens. Null: it does not.</summary>
public sealed record ServeAddresses(Uri? Api, string? ApiSocket, Uri? Gateway, Uri? GatewayTls = null)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>One line of JSON.</summary>
    public string ToJson()
    {
        var api = Api?.GetLeftPart(UriPartial.Authority);
        var gateway = Gateway?.GetLeftPart(UriPartial.Authority);
        return GatewayTls is null
            ? JsonSerializer.Serialize(new { api, apiSocket = ApiSocket, gateway }, Json)
            : JsonSerializer.Serialize(new { api, apiSocket = ApiSocket, gateway, gatewayTls = GatewayTls.GetLeftPart(UriPartial.Authority) }, Json);
    }

    /// <summary>Reads such a line.</summary>
    public static ServeAddresses Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new ServeAddresses(Address(root.GetProperty("api")), root.GetProperty("apiSocket").GetString(), Address(root.GetProperty("gateway")), root.TryGetProperty("gatewayTls", out var tls) ? Address(tls) : null);
    }

    /// <summary>Reads <c>address:port</c> or <c>[address]:port</c>.</summary>
    /// <exception cref="ServeRefusedException">It is not one.</exception>
    public static IPEndPoint Parse(string text, string option)
    {
        var named = text.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + text["localhost".Length..] : text;
        if (!named.Contains(':') || !IPEndPoint.TryParse(named, out var endpoint) || (endpoint.Port == 0 && !named.EndsWith(":0", StringComparison.Ordinal)))
            throw new ServeRefusedException($"{option} '{text}' is not an address with a port, such as 127.0.0.1:8080. Port 0 picks a free one.");
        return endpoint;
    }

    private static Uri? Address(JsonElement element) => element.GetString() is { } text ? new Uri(text) : null;
}

/// <summary>Tells the addresses, once, to whoever started this.</summary>
internal sealed class ServeOutput(TextWriter output, ILogger log)
{
    private bool told;

    public async Task TellAsync(ServeAddresses addresses)
    {
        if (told)
            return;
        told = true;
        await output.WriteLineAsync(addresses.ToJson());
        await output.FlushAsync();
        log.LogInformation(
            "Ready: API {Api}, gateway {Gateway}. Ctrl-C or SIGTERM ends it; instances go on running",
            string.Join(" and ", new[] { addresses.ApiSocket, addresses.Api?.GetLeftPart(UriPartial.Authority) }.Where(where => where is not null)) is { Length: > 0 } api ? "at " + api : "not here",
            addresses.Gateway is { } gateway ? "at " + gateway.GetLeftPart(UriPartial.Authority) : "not here");
    }
}
