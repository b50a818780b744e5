using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class AccessTests
{
    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string header, string value, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, "/v1/tenants");
        request.Headers.TryAddWithoutValidation(header, value);
        return await client.SendAsync(request);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer ")]
    [InlineData("Bearer ten_wrong")]
    [InlineData("Bearer wrong")]
    [InlineData("Basic YTpi")]
    [InlineData("ten_wrong")]
    public async Task OnTcpATokenIsNeeded(string authorization)
    {
        await using var api = await StartAsync();
        await api.TokenAsync();
        var client = api.Client("");

        using var answer = authorization.Length == 0 ? await client.GetAsync("/v1/tenants") : await SendAsync(client, "Authorization", authorization);

        answer.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        await ProblemAsync(answer, HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [Fact]
    public async Task WithoutATokenNotEvenAnUnknownPathIsTold()
    {
        await using var api = await StartAsync();

        await ProblemAsync(await api.Client("").GetAsync("/v1/nothing"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [Fact]
    public async Task ATokenLetsInUntilItIsRevoked()
    {
        await using var api = await StartAsync();
        var token = await api.TokenAsync("ci");
        var client = api.Client(token);

        using var before = await client.GetAsync("/v1/tenants");
        using var revoked = await api.Local.DeleteAsync("/v1/tokens/ci");

        token.ShouldMatch("^ten_[A-Za-z0-9_-]{43}$");
        before.StatusCode.ShouldBe(HttpStatusCode.OK);
        revoked.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await client.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/tokens/ci"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATokenExpires()
    {
        await using var api = await StartAsync();
        var token = (await ReadAsync<CreateTokenResponse>(await api.Local.PostAsync("/v1/tokens", Json(new { name = "ci", expiresInSeconds = 60 })), HttpStatusCode.Created)).Token;
        var client = api.Client(token);
        api.Time.Advance(TimeSpan.FromSeconds(59));
        using var before = await client.GetAsync("/v1/tenants");

        api.Time.Advance(TimeSpan.FromSeconds(1));

        before.StatusCode.ShouldBe(HttpStatusCode.OK);
        var problem = await ProblemAsync(await client.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        problem.Detail.ShouldContain("expired");
    }

    [Fact]
    public async Task TheStoreHoldsATokensHashAlone()
    {
        await using var api = await StartAsync();
        var token = await api.TokenAsync("ci");

        var stored = (await api.Store.ListTokensAsync(CancellationToken.None)).ShouldHaveSingleItem();
        var list = await api.Local.GetStringAsync("/v1/tokens");

        stored.Hash.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token))));
        list.ShouldContain("\"name\":\"ci\"");
        list.ShouldNotContain(token[4..]);
        list.ShouldNotContain(stored.Hash);
    }

    [Fact]
    public async Task ATokenCannotMakeListOrRevokeTokens()
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());

        await ProblemAsync(await client.PostAsync("/v1/tokens", Json(new { name = "mine" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await client.GetAsync("/v1/tokens"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await client.DeleteAsync("/v1/tokens/ci"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task ATokenIsAskedForSensibly()
    {
        await using var api = await StartAsync();
        await api.TokenAsync("ci");

        await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "ci" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.PostAsync("/v1/tokens", Json(new { name = "x", expiresInSeconds = -1 })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tokens") { Content = Json(new { name = "x" }) };
        request.Headers.Add("Idempotency-Key", "k");
        await ProblemAsync(await api.Local.SendAsync(request), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:7070")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("10.0.0.1")]
    public async Task ANameThatWasReboundToThisAddressIsTurnedAway(string host)
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());

        await ProblemAsync(await SendAsync(client, "Host", host), HttpStatusCode.MisdirectedRequest, ProblemCodes.Forbidden);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:1")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task LoopbackNamesAreAnswered(string host)
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());

        using var answer = await SendAsync(client, "Host", host);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://localhost:1")]
    public async Task APageOfAnotherSiteIsTurnedAway(string origin)
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());

        await ProblemAsync(await SendAsync(client, "Origin", origin), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await SendAsync(api.Local, "Origin", origin), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task APageOfThisServerMayAsk()
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());

        using var answer = await SendAsync(client, "Origin", api.Address.GetLeftPart(UriPartial.Authority));

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    public async Task ProbesNeedNoToken(string path)
    {
        await using var api = await StartAsync();

        using var answer = await api.Client("").GetAsync(path);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AnotherUserOfTheMachineIsTurnedAwayFromTheSocket()
    {
        if (!Environment.IsPrivilegedProcess)
            return;
        await using var api = await StartAsync();
        foreach (var path in new[] { api.Socket, Path.GetDirectoryName(api.Socket)! })
            File.SetUnixFileMode(path, (UnixFileMode)0x1FF);

        // Only root can become somebody else, and only another process can do it without this one.
        using var curl = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "--unix-socket", api.Socket, "http://tenantry/v1/tenants"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var text = await curl.StandardOutput.ReadToEndAsync();
        await curl.WaitForExitAsync();

        text.ShouldContain("\"code\":\"forbidden\"");
        text.ShouldContain("65534");
    }

    [Fact]
    public async Task WhatATokenDoesIsWrittenUnderItsName()
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync("deploy-bot"));

        using var created = await client.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        var rows = await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit"));
        rows.Items[0].Actor.ShouldBe("deploy-bot");
        rows.Items[0].Action.ShouldBe("tenant.create");
    }

    [Fact]
    public async Task TheSocketIsNotReachedOverTcp()
    {
        await using var api = await StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, api.Address.Port);
        await socket.GetStream().WriteAsync("GET http://tenantry/v1/tenants HTTP/1.1\r\nHost: tenantry\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(socket.GetStream());

        (await reader.ReadToEndAsync()).ShouldStartWith("HTTP/1.1 421");
    }
}
