using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Tenantry.Server.People.Oidc;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Api.Oidc;

/// <summary>The npm package oidc-provider on this machine, and an API that believes it. One for all tests of a class.</summary>
public sealed partial class RealProvider : IAsyncLifetime
{
    private Process? process;
    private TestApi? api;

    internal static string Folder => Path.Combine(ServerTests.RepositoryRoot(), "artifacts", "npm");

    internal TestApi Api => api!;

    internal Uri Issuer { get; } = new($"http://127.0.0.1:{FreePort.Take()}");

    internal OidcOptions Options => new()
    {
        Name = "Example ID",
        Issuer = Issuer,
        ClientId = "tenantry",
        ClientSecret = "secret-of-the-client-for-tests",
        Audience = "urn:tenantry:api",
        Roles =
        [
            new(Model.Wire.Role.Admin, Group: "admins"),
            new(Model.Wire.Role.Owner, Group: "acme-owners", Organization: "acme"),
            new(Model.Wire.Role.Member, Group: "other-members", Organization: "other"),
            new(Model.Wire.Role.Operator, Client: "ci-bot"),
            // What a machine of that name may do is not what people may do who got a token by it.
            new(Model.Wire.Role.Admin, Client: "tenantry"),
        ],
    };

    public async Task InitializeAsync()
    {
        if (OidcFactAttribute.WhyNot() is not null)
            return;
        api = await TestApi.StartAsync(oidc: Options);
        // What the provider signs is good by the machine's clock.
        api.Time.Advance(TimeProvider.System.GetUtcNow() - api.Time.GetUtcNow());
        await TwoOrganizations.TwoTenantsAsync(api);
        await StartAsync();
    }

    /// <summary>Takes its place with a new key for what it signs; who was signed in there is so no more.</summary>
    internal async Task RotateAsync(string key)
    {
        await StopAsync();
        await StartAsync(key);
    }

    private async Task StartAsync(params string[] key)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        File.Copy(Path.Combine(ServerTests.RepositoryRoot(), "tests", "Tenantry.Server.Tests", "Api", "Oidc", "provider.mjs"), Path.Combine(Folder, "provider.mjs"), overwrite: true);
        foreach (var argument in (string[])["provider.mjs", $"{Issuer.Port}", new Uri(Api.Address, OidcSignIn.Callback).ToString(), new Uri(Api.Address, "/signin/oidc/logout").ToString(), .. key])
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (await process.StandardOutput.ReadLineAsync(late.Token) is { } line && line != "ready")
        {
            // Warnings.
        }
    }

    private async Task StopAsync()
    {
        if (process is null)
            return;
        process.StandardInput.Close();
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        process.Dispose();
        process = null;
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        if (api is not null)
            await api.DisposeAsync();
    }

    /// <summary>Plays the person's browser at the provider, from where the API sends it to where the provider sends it back.</summary>
    internal async Task<(string Callback, HttpClient Browser)> SignInAsync(Uri begin, string login)
    {
        var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = Issuer, Timeout = TimeSpan.FromSeconds(60) };
        var at = begin;
        for (var steps = 0; steps < 15; steps++)
        {
            using var page = await browser.GetAsync(at);
            if (page.Headers.Location is { } next)
            {
                at = new Uri(Issuer, next);
                if (at.Port == Api.Address.Port)
                    return (at.PathAndQuery, browser);
                continue;
            }

            var text = await page.Content.ReadAsStringAsync();
            var action = new Uri(Issuer, Action().Match(text).Groups[1].Value);
            var prompt = Prompt().Match(text).Groups[1].Value;
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["prompt"] = prompt, ["login"] = login, ["password"] = "any" });
            using var answer = await browser.PostAsync(action, form);
            at = new Uri(Issuer, answer.Headers.Location ?? throw new InvalidOperationException(await answer.Content.ReadAsStringAsync()));
        }

        throw new InvalidOperationException("The provider never came to an end.");
    }

    /// <summary>Ends the provider's session in that browser, which tells the API.</summary>
    internal async Task SignOutAsync(HttpClient browser)
    {
        var page = await browser.GetStringAsync("/session/end");
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["xsrf"] = Xsrf().Match(page).Groups[1].Value, ["logout"] = "yes" });
        using var answer = await browser.PostAsync("/session/end/confirm", form);
        ((int)answer.StatusCode).ShouldBeLessThan(400, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A token for the API that a person got for themselves at the client that people sign in by.</summary>
    internal async Task<string> PersonTokenAsync(string login, string resource)
    {
        const string verifier = "a-verifier-of-more-than-forty-three-characters-0123456789";
        var challenge = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(verifier))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var callback = new Uri(Api.Address, OidcSignIn.Callback).ToString();
        var (back, browser) = await SignInAsync(
            new Uri(Issuer, $"/auth?response_type=code&client_id=tenantry&scope=openid&redirect_uri={Uri.EscapeDataString(callback)}&code_challenge={challenge}&code_challenge_method=S256&resource={Uri.EscapeDataString(resource)}"), login);
        browser.Dispose();
        return await TokenAsync(new() { ["grant_type"] = "authorization_code", ["code"] = System.Web.HttpUtility.ParseQueryString(back.Split('?')[1])["code"]!, ["redirect_uri"] = callback, ["code_verifier"] = verifier, ["resource"] = resource }, "tenantry", "secret-of-the-client-for-tests");
    }

    /// <summary>A machine's token.</summary>
    internal Task<string> MachineTokenAsync(string client, string resource) => TokenAsync(
        new() { ["grant_type"] = "client_credentials", ["client_id"] = client, ["client_secret"] = "secret-of-the-machine-for-tests", ["resource"] = resource }, null, null);

    private async Task<string> TokenAsync(Dictionary<string, string> fields, string? client, string? secret)
    {
        using var http = new HttpClient { BaseAddress = Issuer };
        if (client is not null)
            http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{client}:{secret}")));
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await http.PostAsync("/token", form);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("access_token").GetString()!;
    }

    [GeneratedRegex("<form[^>]*action=\"([^\"]+)\"")]
    private static partial Regex Action();

    [GeneratedRegex("name=\"prompt\" value=\"([^\"]+)\"")]
    private static partial Regex Prompt();

    [GeneratedRegex("name=\"xsrf\" value=\"([^\"]+)\"")]
    private static partial Regex Xsrf();
}

/// <summary>Where the provider is installed.</summary>
internal sealed class OidcFactAttribute : FactAttribute
{
    public OidcFactAttribute() => Skip = WhyNot();

    public static string? WhyNot() => Directory.Exists(Path.Combine(RealProvider.Folder, "node_modules", "oidc-provider")) ? null : "oidc-provider is not installed: ./test does that.";
}
