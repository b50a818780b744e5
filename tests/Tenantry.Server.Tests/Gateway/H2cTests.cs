using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Tenantry.Model.Manifests;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Limits;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Instances whose app speaks HTTP/2 without TLS and nothing else.</summary>
public class H2cTests
{
    private const int EnhanceYourCalm = 11;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static Task<AppUpstream> AppAsync(RequestDelegate handle) => AppUpstream.StartAsync(handle, HttpProtocols.Http2);

    private static void Lead(TestGateway gateway, int port, RequestLimits? limits = null) => gateway.Lead(
        ("alice.localhost", new Route("id-alice", "alice", "alice-tenant", RouteState.Open, new Endpoint("127.0.0.1", port)) { SpeaksHttp2 = true, Limits = limits }));

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task ARequestArrivesAsItWasSentWhateverTheClientSpeaks(string version)
    {
        await using var app = await AppAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var headers = context.Request.Headers;
            context.Response.Headers["X-Umlaut"] = "gr\u00fcn";
            context.Response.Headers.Append("Set-Cookie", "a=1");
            context.Response.Headers.Append("Set-Cookie", "b=2");
            await context.Response.WriteAsync(string.Join('|', context.Request.Protocol, context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, headers.Host,
                headers["X-Tenant-Name"], headers["X-Forwarded-For"], headers["X-Mine"], headers.Cookie, headers["X-Tenant-Role"], headers.ContentType, await reader.ReadToEndAsync()));
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var client = gateway.Client(version: Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri($"http://alice.localhost:{gateway.Port}/a%2Fb/./c?x=%20&y", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("hello"),
        };
        foreach (var (name, value) in new[] { ("X-Mine", "yes"), ("Cookie", "c=3"), ("X-Tenant-Role", "admin"), ("Connection", "X-Hop"), ("X-Hop", "1") }.Take(version == "1.1" ? 5 : 3))
            request.Headers.TryAddWithoutValidation(name, value);

        using var answer = await client.SendAsync(request);

        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            $"HTTP/2|PUT|/a%2Fb/./c?x=%20&y|alice.localhost:{gateway.Port}|alice-tenant|127.0.0.1|yes|c=3||text/plain; charset=utf-8|hello");
        answer.Headers.GetValues("X-Umlaut").ShouldBe(["gr\u00fcn"]);
        answer.Headers.GetValues("Set-Cookie").ShouldBe(["a=1", "b=2"]);
    }

    [Fact]
    public async Task BytesStreamBothWaysAtOnce()
    {
        await using var app = await AppAsync(async context =>
        {
            await context.Response.Body.FlushAsync();
            var buffer = new byte[100];
            for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
            {
                await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"got {Encoding.ASCII.GetString(buffer, 0, count)};"));
                await context.Response.Body.FlushAsync();
            }

            context.Response.AppendTrailer("grpc-status", "0");
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);
        var content = new OpenContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/shop.Orders/Watch") { Content = content, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("TE", "trailers");

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        var body = await answer.Content.ReadAsStreamAsync();
        for (var i = 0; i < 3; i++)
        {
            await content.SayAsync($"piece {i}");
            (await ReadAsync(body)).ShouldBe($"got piece {i};");
        }

        content.End();
        (await ReadAsync(body)).ShouldBe("");
        answer.TrailingHeaders.GetValues("grpc-status").ShouldBe(["0"]);
    }

    [Fact]
    public async Task AnAnswerOfAHeadAloneEndsWithItsHeadAsGrpcNeedsIt()
    {
        await using var app = await AppAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "5";
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);

        await client.AskAsync("/shop.Orders/Get", "alice.localhost");

        (await client.AnswerFramesAsync()).ShouldBe(["HEADERS end"]);
    }

    [Fact]
    public async Task TrailersReachAClientThatSpeaksHttp1()
    {
        await using var app = await AppAsync(async context =>
        {
            await context.Response.WriteAsync("ok");
            context.Response.AppendTrailer("X-Sum", "7");
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        await using var client = await gateway.ConnectAsync();

        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: alice.localhost\r\n\r\n");
            (await client.ReadUntilAsync("\r\n\r\n")).ShouldContain("Transfer-Encoding: chunked");
            (await client.ReadUntilAsync("x-sum: 7\r\n\r\n")).ShouldBe("2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n");
        }
    }

    [Fact]
    public async Task AClientThatCancelsIsToldToTheApp()
    {
        var began = new TaskCompletionSource();
        var gone = new TaskCompletionSource();
        await using var app = await AppAsync(async context =>
        {
            context.RequestAborted.Register(gone.SetResult);
            await context.Response.Body.FlushAsync();
            began.SetResult();
            await gone.Task;
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);

        var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        await began.Task.WaitAsync(Patience);
        answer.Dispose();

        await gone.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task AResetReachesTheClientWithItsReason()
    {
        await using var app = await AppAsync(async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            if (context.Request.Query.ContainsKey("reset"))
                context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(EnhanceYourCalm);
            else
                context.Abort();
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var client = gateway.Client(version: HttpVersion.Version20);
        using var old = gateway.Client();

        var failure = await Should.ThrowAsync<HttpRequestException>(() => client.GetStringAsync("/?reset"));
        Causes(failure).OfType<HttpProtocolException>().First().ErrorCode.ShouldBe(EnhanceYourCalm);
        await Should.ThrowAsync<HttpRequestException>(() => client.GetStringAsync("/"));
        await Should.ThrowAsync<HttpRequestException>(() => old.GetStringAsync("/?reset"));
    }

    [Fact]
    public async Task AnAnswerMayComeBeforeTheBodyHasEnded()
    {
        await using var app = await AppAsync(context => context.Response.WriteAsync("no need"));
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 100000\r\n\r\nbegin");

        (await client.ReadToEndAsync()).ShouldContain("no need");
    }

    [Fact]
    public async Task LargeBodiesGoBothWaysAndManyRequestsShareAConnection()
    {
        var connections = new HashSet<string>(StringComparer.Ordinal);
        await using var app = await AppAsync(async context =>
        {
            lock (connections)
                connections.Add(context.Connection.Id);
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        await using var gateway = await TestGateway.StartAsync();
        Lead(gateway, app.Port);
        using var client = gateway.Client();
        var body = new byte[1_000_000];
        Random.Shared.NextBytes(body);

        (await client.GetStringAsync("/")).ShouldBe("");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => await (await client.PostAsync("/", new ByteArrayContent(body))).Content.ReadAsByteArrayAsync()));

        answers.ShouldAllBe(answer => Enumerable.SequenceEqual(answer, body));
        connections.Count.ShouldBe(1);
    }

    [Fact]
    public async Task WhatCannotBeForwardedIsExplained()
    {
        await using var old = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var stuck = new TaskCompletionSource();
        await using var app = await AppAsync(_ => stuck.Task);
        await using var gateway = await TestGateway.StartAsync(options: new ForwarderOptions { ConnectTimeout = Patience });
        using var client = gateway.Client();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        Lead(gateway, old.Port);
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway, "it speaks HTTP/1.1");
        Lead(gateway, ((IPEndPoint)listener.LocalEndPoint!).Port);
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway, "nobody listens");
        Lead(gateway, app.Port, new RequestLimits { IdleTimeout = TimeSpan.FromMilliseconds(300) });
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        Lead(gateway, app.Port, new RequestLimits { TotalTimeout = TimeSpan.FromMilliseconds(300) });
        (await client.PostAsync("/", new StringContent("x"))).StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        Lead(gateway, app.Port, new RequestLimits { BodySize = 10 });
        (await client.PostAsync("/", new StringContent(new string('x', 100)))).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        stuck.SetResult();
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        var buffer = new byte[1000];
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer).AsTask().WaitAsync(Patience));
    }

    private static IEnumerable<Exception> Causes(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
            yield return failure;
    }

    /// <summary>A body that goes on for as long as a test says something.</summary>
    private sealed class OpenContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> opened = new();
        private readonly TaskCompletionSource ended = new();

        public async Task SayAsync(string text)
        {
            var stream = await opened.Task.WaitAsync(Patience);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
            await stream.FlushAsync();
        }

        public void End() => ended.SetResult();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            opened.SetResult(stream);
            await ended.Task;
        }
    }
}
