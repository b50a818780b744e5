using System.Net;
using System.Text;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Who looks at a page while their session ends is asked to sign in, and led back; nobody with a browser is told to make a token.</summary>
public sealed class SignInAgainTests
{
    private static async Task<Browser> EndedAsync(TestApi api)
    {
        var browser = await Browser.SignedInAsync(api, "ann@example.com", Role.Viewer);
        api.Time.Advance(TimeSpan.FromDays(8));
        return browser;
    }

    [Fact]
    public async Task AScriptOfThePageIsToldWhereToGoAndAFormIsLedThere()
    {
        await using var api = await StartAsync();
        var browser = await EndedAsync(api);
        var origin = api.Address.GetLeftPart(UriPartial.Authority);

        using var part = await browser.SendAsync(HttpMethod.Get, "/", headers: [("HX-Request", "true"), ("HX-Current-URL", $"{origin}/?q=ali&phase=Running"), ("Accept", "*/*")]);
        part.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        part.Headers.GetValues("HX-Redirect").ShouldHaveSingleItem().ShouldBe($"/signin?returnTo={Uri.EscapeDataString("/?q=ali&phase=Running")}");
        using var form = await browser.SendAsync(
            HttpMethod.Post, "/instances/alice/sleep", new FormUrlEncodedContent([]), headers: [("Accept", "text/html,application/xhtml+xml"), ("Referer", $"{origin}/instances/alice")]);
        form.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        form.Headers.Location!.ToString().ShouldBe("/signin?returnTo=%2Finstances%2Falice");
        using var page = await browser.SendAsync(HttpMethod.Get, "/instances/alice/logs?service=web", headers: [("Accept", "text/html")]);
        page.Headers.Location!.ToString().ShouldBe($"/signin?returnTo={Uri.EscapeDataString("/instances/alice/logs?service=web")}");
    }

    [Fact]
    public async Task NobodyIsLedToAnotherSiteAndAProgramIsToldWhatItNeeds()
    {
        await using var api = await StartAsync();
        var browser = await EndedAsync(api);

        using var foreign = await browser.SendAsync(HttpMethod.Post, "/instances/alice/sleep", new FormUrlEncodedContent([]), headers: [("Accept", "text/html"), ("Referer", "http://evil.example/instances/alice")]);
        foreign.Headers.Location!.ToString().ShouldBe("/signin?returnTo=%2F");
        using var part = await browser.SendAsync(HttpMethod.Get, "/", headers: [("HX-Request", "true"), ("HX-Current-URL", "http://evil.example/x")]);
        part.Headers.GetValues("HX-Redirect").ShouldHaveSingleItem().ShouldBe("/signin?returnTo=%2F");
        (await ProblemAsync(await browser.SendAsync(HttpMethod.Get, "/v1/tenants", headers: ("HX-Request", "true")), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized)).Detail.ShouldContain("session has ended");
        (await ProblemAsync(await api.Client("").GetAsync("/live/fleet"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized)).Detail.ShouldContain("ten_");
    }

    [Theory]
    [InlineData("/signin")]
    [InlineData("/signin/oidc/begin")]
    [InlineData("/signin/oidc/logout")]
    public async Task ABrokenFormIsTheSendersMistake(string path)
    {
        await using var api = await StartAsync();
        foreach (var (type, body) in new[]
        {
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut off"),
            ("multipart/form-data", "no boundary"),
            ("application/x-www-form-urlencoded", string.Join('&', Enumerable.Range(0, 2000).Select(number => $"k{number}=v"))),
            ("application/x-www-form-urlencoded", new string('k', 5000) + "=v"),
        })
        {
            var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            await ProblemAsync(await new Browser(api).SendAsync(HttpMethod.Post, path, content), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
        }
    }
}
