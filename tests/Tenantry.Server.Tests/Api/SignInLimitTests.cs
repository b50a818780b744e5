using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.People;
using static Tenantry.Server.Tests.Api.SessionTests;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>What strangers can do with the ways of signing in.</summary>
public sealed class SignInLimitTests
{
    [Fact]
    public void AnAccountIsTriedSoOftenAndFromAnAddressSoOften()
    {
        var time = new MovableTime();
        var limits = new SignInLimits(time);

        for (var i = 0; i < SignInLimits.ForAccount; i++)
            limits.Enter(Ann, "192.0.2.1").ShouldBeNull();
        limits.Enter(Ann, "192.0.2.2").ShouldBe(SignInLimits.Window);
        limits.Enter("bob@example.com", "192.0.2.1").ShouldBeNull();
        for (var i = SignInLimits.ForAccount + 1; i < SignInLimits.FromAddress; i++)
            limits.Enter($"p{i}@example.com", "192.0.2.1").ShouldBeNull();
        limits.Enter("new@example.com", "192.0.2.1").ShouldNotBeNull();
        limits.Enter("new@example.com", "192.0.2.3").ShouldBeNull();
        time.Advance(SignInLimits.Window);
        limits.Enter(Ann, "192.0.2.1").ShouldBeNull();
        limits.Succeed(Ann, "192.0.2.1");
        for (var i = 0; i < SignInLimits.ForAccount; i++)
            limits.Enter(Ann, "192.0.2.1").ShouldBeNull();
    }

    [Fact]
    public void WhoMayNotTryFromAnAddressMakesNoAccountBeRemembered()
    {
        var limits = new SignInLimits(new MovableTime());
        for (var i = 0; i < SignInLimits.FromAddress; i++)
            limits.Enter("192.0.2.1").ShouldBeNull();
        var counted = limits.Counted;

        for (var i = 0; i < 100; i++)
            limits.Enter($"p{i}@example.com", "192.0.2.1").ShouldBe(SignInLimits.Window);

        limits.Counted.ShouldBe(counted);
        limits.Enter("192.0.2.1").ShouldBe(SignInLimits.Window);
        limits.Succeed("192.0.2.1");
        limits.Enter("192.0.2.1").ShouldBeNull();
    }

    [Fact]
    public void TheAddressesOfOneNetworkOfIPv6AreOne()
    {
        var limits = new SignInLimits(new MovableTime());
        for (var i = 0; i < SignInLimits.FromAddress; i++)
            limits.Enter($"2001:db8:1:2:{i:x}::1").ShouldBeNull();

        limits.Enter("2001:db8:1:2:ffff::1").ShouldNotBeNull();
        limits.Enter("2001:db8:1:3::1").ShouldBeNull();
    }

    [Fact]
    public async Task AnAccountWithAControlCharacterInItsNameIsNotTheAccount()
    {
        await using var api = await StartAsync();
        var browser = await WithPasswordAsync(api);
        var before = await api.Local.GetStringAsync("/v1/audit?limit=1");

        foreach (var email in (string[])[Ann + "\0", Ann + "\0x", "\u0001" + Ann])
        {
            using var form = new MultipartFormDataContent { { new StringContent(email), "email" }, { new StringContent(Good), "password" } };
            using var answer = await browser.SendAsync(HttpMethod.Post, "/signin", form);
            answer.Headers.Location!.ToString().ShouldStartWith("/signin?failure=wrong");
        }

        using var encoded = await browser.FormAsync("/signin", ("email", Ann + "\0"), ("password", Good));
        encoded.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        browser.Cookie.ShouldBeNull();
        (await api.Local.GetStringAsync("/v1/audit?limit=1")).ShouldBe(before, "nothing is written of it");
        (await api.Local.GetStringAsync("/v1/audit/verify")).ShouldContain("true");
    }

    [Fact]
    public async Task StrangersWriteNothingToTheAuditAndWhatTheyTypedIsNoActor()
    {
        await using var api = await StartAsync();
        var browser = await WithPasswordAsync(api);
        using var unknown = await browser.FormAsync("/signin", ("email", "My Secret Password"), ("password", "not the password"));
        var audit = await api.Local.GetStringAsync("/v1/audit?limit=5");
        audit.ShouldContain("\"actor\":\"nobody\"");
        audit.ShouldNotContain("secret password");

        var failures = new List<string>();
        for (var i = 1; i <= SignInLimits.FromAddress; i++)
        {
            using var answer = await browser.SendAsync(HttpMethod.Post, $"/signin/link/x{i}");
            failures.Add(answer.Headers.Location!.ToString().Split('&')[0]);
        }

        failures[..^1].ShouldAllBe(one => one == "/signin?failure=linkgone");
        failures[^1].ShouldBe("/signin?failure=toooften");
        (await api.Local.GetStringAsync("/v1/audit?limit=5")).ShouldBe(audit);
    }

    [Fact]
    public async Task WhoComesAfterManyOthersWithAPasswordIsAskedToComeAgain()
    {
        using var passwords = new Passwords();
        using var leaving = new CancellationTokenSource();

        async Task<int> TryAsync()
        {
            try
            {
                await Task.Run(() => passwords.IsOfAsync(null, "not the password", leaving.Token));
                return 0;
            }
            catch (ProblemException refused)
            {
                await leaving.CancelAsync();
                return refused.Status;
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        }

        (await Task.WhenAll(Enumerable.Range(0, 64 + Environment.ProcessorCount).Select(_ => TryAsync()))).ShouldContain(429);
    }

    [Fact]
    public async Task WhoIsSignedInSignsInAnewFromALinkAndFromAnOldPage()
    {
        await using var api = await StartAsync();
        await WithPasswordAsync(api);
        var browser = await Browser.SignedInAsync(api, "bob@example.com", Role.Viewer);
        browser.Csrf = null;
        var link = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { email = Ann })), HttpStatusCode.Created);

        using var other = await browser.SendAsync(HttpMethod.Post, new Uri(link.Url).PathAndQuery, null, "cross-site");
        using var followed = await browser.SendAsync(HttpMethod.Post, new Uri(link.Url).PathAndQuery);
        other.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        followed.Headers.Location!.ToString().ShouldBe("/");
        (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).Name.ShouldBe(Ann);
        using var again = await browser.FormAsync("/signin", ("email", Ann), ("password", Good));
        again.Headers.Location!.ToString().ShouldBe("/");
        using var away = await browser.SendAsync(HttpMethod.Post, "/signout");
        away.StatusCode.ShouldBe(HttpStatusCode.Forbidden, "signing out is done in the session's name");
    }

    [Theory]
    [InlineData("/signin/link/s3cret", "/signin/link/…")]
    [InlineData("/SignIn/Link/s3cret/x", "/signin/link/…")]
    [InlineData("/signin", "/signin")]
    public void WhatSignsInIsNotInTheLog(string path, string told) =>
        LogPath.Of(new DefaultHttpContext { Request = { Path = path } }).ShouldBe(told);
}
