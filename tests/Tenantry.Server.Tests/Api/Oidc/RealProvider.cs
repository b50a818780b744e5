using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Tenantry.Server.People.Oidc;

namespace Tenantry.Server.Tests.Api.Oidc;

/// <summary>The npm package oidc-provider on this machine, and an API that believes it. One for all tests of a class.</summary>
public sealed partial class RealProvider : IAsyncLifetime
{
    private Process? process;
    private TestApi? api;

    internal static string Folder => Path.Combine(ServerTests.RepositoryRoot(), "artifacts", "npm");

    internal TestApi Api => api!;

    internal Uri Issuer { get; } = new($"http://127.0.0.1:{FreePort()}");

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
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        File.Copy(Path.Combine(ServerTests.RepositoryRoot(), "tests", "Tenantry.Server.Tests", "Api", "Oidc", "provider.mjs"), Path.Combine(Folder, "provider.mjs"), overwrite: true);
        foreach (var argument in new[] { "provider.mjs", $"{Issuer.Port}", new Uri(api.Address, OidcSignIn.Callback).ToString(), new Uri(api.Address, "/signin/oidc/logout").ToString() })
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

    public async Task DisposeAsync()
    {
        if (process is not null)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
            process.Dispose();
        }

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

    /// <summary>A machine's token.</summary>
    internal async Task<string> MachineTokenAsync(string client, string resource)
    {
        using var http = new HttpClient { BaseAddress = Issuer };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = client, ["client_secret"] = "secret-of-the-machine-for-tests", ["resource"] = resource });
        using var answer = await http.PostAsync("/token", form);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("access_token").GetString()!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
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
