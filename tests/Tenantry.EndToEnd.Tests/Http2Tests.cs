using System.Net;
using System.Net.WebSockets;
using System.Text;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>An app that speaks HTTP/2 alone, on the target local, inside a network of its own.</summary>
public class Http2Tests
{
    private static readonly string App = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "h2c");

    [MachineFact("node")]
    public async Task AnAppThatSpeaksHttp2AloneIsReachedWokenAndGetsItsWebhooks()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", App)).ShouldEndWith(0).Error.ShouldNotContain("not acted on");
        (await plane.CallAsync("tenant", "add", "alice", "--app", "h2c")).ShouldEndWith(0);

        foreach (var version in (Version[])[HttpVersion.Version20, HttpVersion.Version11])
        {
            using var answer = await PostAsync(plane, version, "/echo", "hello");
            (answer.Version, answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldBe((version, HttpStatusCode.OK, "hello"));
            answer.Headers.GetValues("x-tenant").ShouldBe(["alice"]);
            answer.TrailingHeaders.GetValues("x-length").ShouldBe(["5"]);
        }

        foreach (var version in (Version[])[HttpVersion.Version20, HttpVersion.Version11])
            (await SayOnASocketAsync(plane, version, "ping")).ShouldBe("ping");

        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        using var held = await PostAsync(plane, HttpVersion.Version20, "/echo", "still there");
        (await held.Content.ReadAsStringAsync()).ShouldBe("still there");

        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        using var hook = await PostAsync(plane, HttpVersion.Version20, "/hooks/x", "news");
        hook.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, hook.Headers.GetValues("Tenantry-Delivery").Single() + " news", "/log");
    }

    private static async Task<string> SayOnASocketAsync(ControlPlane plane, Version version, string text)
    {
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = version;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.SetRequestHeader("Host", "alice.localhost");
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await socket.ConnectAsync(new Uri(plane.Gateway.Replace("http:", "ws:", StringComparison.Ordinal)), invoker, CancellationToken.None);
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
        var buffer = new byte[100];
        var answer = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Eventually.Limit);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        return Encoding.ASCII.GetString(buffer, 0, answer.Count);
    }

    private static async Task<HttpResponseMessage> PostAsync(ControlPlane plane, Version version, string path, string body)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, plane.Gateway.TrimEnd('/') + path)
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent(body, Encoding.ASCII),
            Headers = { Host = "alice.localhost" },
        };
        return await client.SendAsync(request);
    }
}
