using System.Net;
using System.Net.Sockets;
using Tenantry.Dashboard.Serving;
using Tenantry.Server.Api;

namespace Tenantry.Server.Tests.Pages;

/// <summary>Requests that a person sends to an instance from its page.</summary>
public sealed class PlaygroundTests
{
    [Theory]
    [InlineData("//127.0.0.1:{0}/")]
    [InlineData("/\\127.0.0.1:{0}/")]
    [InlineData("/\\/127.0.0.1:{0}/x")]
    [InlineData("///127.0.0.1:{0}/")]
    [InlineData("//user@127.0.0.1:{0}/")]
    [InlineData("/../@127.0.0.1:{0}/")]
    public async Task NoPathLeadsElsewhereThanToTheGateway(string path)
    {
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        gateway.Start();
        elsewhere.Start();
        using var playground = new Playground(new ApiSettings
        {
            BaseDomain = "localhost",
            Gateway = () => new Uri($"http://{gateway.LocalEndpoint}"),
            Version = "1.2.3",
            StartedAt = TimeProvider.System.GetUtcNow(),
        });
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var answered = AnswerAsync(gateway, late.Token);

        var answer = await playground.SendAsync("alice", "GET", path.Replace("{0}", ((IPEndPoint)elsewhere.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal), "", "", late.Token);

        answer.Status.ShouldBe(204);
        await answered;
        elsewhere.Pending().ShouldBeFalse();
    }

    [Theory]
    [InlineData("a/b\r\nX-Forwarded-For: 192.0.2.1")]
    [InlineData("a/b\n\nGET / HTTP/1.1")]
    [InlineData("no type")]
    public async Task AMediaTypeThatIsNoneWritesNothingIntoTheRequest(string contentType)
    {
        using var playground = new Playground(new ApiSettings { BaseDomain = "localhost", Gateway = () => new Uri("http://127.0.0.1:1"), Version = "1.2.3", StartedAt = TimeProvider.System.GetUtcNow() });

        (await Should.ThrowAsync<ProblemException>(() => playground.SendAsync("alice", "POST", "/", contentType, "body", CancellationToken.None))).Status.ShouldBe(422);
    }

    [Theory]
    [InlineData("@127.0.0.1:1/")]
    [InlineData(".example.com/")]
    public void WhatWouldChangeTheHostIsRefused(string path) =>
        Should.Throw<ProblemException>(() => Playground.At(new Uri("http://127.0.0.1:8080"), path)).Status.ShouldBe(422);

    private static async Task AnswerAsync(TcpListener gateway, CancellationToken cancellationToken)
    {
        using var client = await gateway.AcceptTcpClientAsync(cancellationToken);
        var stream = client.GetStream();
        using var lines = new StreamReader(stream, leaveOpen: true);
        while (await lines.ReadLineAsync(cancellationToken) is { Length: > 0 })
        {
            // The head is all there is.
        }

        await stream.WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray(), cancellationToken);
    }
}
