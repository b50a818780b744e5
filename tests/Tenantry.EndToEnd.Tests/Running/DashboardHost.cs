using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>One control plane with one instance, <c>alice</c> of the organization <c>default</c>, and one browser, for all tests of the dashboard. Started by the first that needs it.</summary>
public sealed partial class DashboardHost : IAsyncLifetime
{
    public const string Collection = "dashboard";

    private readonly Lazy<Task> _started;
    private ControlPlane? _plane;
    private readonly IdentityProvider _provider = new();
    private Browser? _browser;

    private bool _isProviding;

    public DashboardHost() => _started = new(StartAsync);

    internal ControlPlane Plane => _plane!;

    /// <summary>Of the dashboard: cookies are kept for this name alone.</summary>
    internal string Url => $"http://localhost:{new Uri(Plane.Api).Port}";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        await _provider.DisposeAsync();
        if (_plane is not null)
            await _plane.DisposeAsync();
    }

    /// <summary>Somebody who signed in with a link, as admin.</summary>
    internal async Task<DashboardVisit> SignInAsync(bool isPhone = false, ColorScheme scheme = ColorScheme.Light)
    {
        await _started.Value;
        var link = (await Plane.JsonAsync("login")).GetProperty("url").GetString()!.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var visit = await VisitAsync(isPhone, scheme, null);
        await visit.Page.GotoAsync(link);
        await visit.Page.GetByRole(AriaRole.Button, new() { NameRegex = SignIn() }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Level = 1 }).WaitForAsync();
        return visit;
    }

    /// <summary>Somebody whom the identity provider knows, signed in there.</summary>
    internal async Task<DashboardVisit> SignInAtProviderAsync(string who)
    {
        await _started.Value;
        if (!_isProviding)
        {
            // A provider gives people roles in organizations that are there, and makes none.
            await EnsureOrganizationAsync("acme");
            await EnsureOrganizationAsync("other");
            await _provider.StartAsync(Plane.Api);
        }

        _isProviding = true;
        var visit = await VisitAsync(false, ColorScheme.Light, null);
        // The provider leads back to the address that it knows.
        await visit.Page.GotoAsync(Plane.Api.TrimEnd('/') + "/deploy");
        await visit.Button("Sign in with Example ID").ClickAsync();
        await visit.Page.Locator("[name=login]").FillAsync(who);
        await visit.Page.Locator("[name=password]").FillAsync("any");
        await visit.Page.Locator("[type=submit]").ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Deploy", Level = 1 }).WaitForAsync();
        return visit;
    }

    private async Task EnsureOrganizationAsync(string organization)
    {
        if ((await Plane.CallAsync("organization", "list", "-o", "json")).Out.Contains($"\"{organization}\"", StringComparison.Ordinal) is false)
            (await Plane.CallAsync("organization", "add", organization)).ShouldEndWith(0);
    }

    /// <summary>Somebody with a token of an organization.</summary>
    internal async Task<DashboardVisit> OfOrganizationAsync(string organization, string role)
    {
        await _started.Value;
        await EnsureOrganizationAsync(organization);
        var token = (await Plane.JsonAsync("token", "create", $"{role} of {organization}", "--role", role, "--organization", organization)).GetProperty("token").GetString()!;
        return await VisitAsync(false, ColorScheme.Light, token);
    }

    /// <summary>Somebody who has not signed in.</summary>
    internal async Task<DashboardVisit> StrangerAsync(bool isPhone, ColorScheme scheme)
    {
        await _started.Value;
        return await VisitAsync(isPhone, scheme, null);
    }

    private async Task<DashboardVisit> VisitAsync(bool isPhone, ColorScheme scheme, string? token) => new(this, await _browser!.VisitAsync(new()
    {
        Locale = "en-US",
        TimezoneId = "Europe/Berlin",
        ColorScheme = scheme,
        ViewportSize = isPhone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 860 },
        IsMobile = isPhone,
        HasTouch = isPhone,
        ExtraHTTPHeaders = token is null ? null : [new("Authorization", $"Bearer {token}")],
    }));

    private async Task StartAsync()
    {
        _plane = new ControlPlane();
        await _plane.StartAsync(null, "--oidc", _provider.WriteFile(_plane.Folder));
        await _plane.AddLocalAsync();
        (await _plane.CallAsync("app", "apply", "-f", Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "notes"))).ShouldEndWith(0);
        (await _plane.CallAsync("tenant", "add", "alice", "--app", "notes")).ShouldEndWith(0);
        if (DashboardPictures.AreTaken)
            await DashboardPictures.PeopleAsync(_plane);
        _browser = await Browser.StartAsync();
    }

    [GeneratedRegex("^Sign in as", RegexOptions.None, 1000)]
    private static partial Regex SignIn();
}

/// <summary>A person's tab, and everything that went wrong in it.</summary>
internal sealed class DashboardVisit : IAsyncDisposable
{
    private readonly DashboardHost _host;

    public DashboardVisit(DashboardHost host, IPage page)
    {
        _host = host;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Errors.Add(message.Text);
        };
        page.PageError += (_, error) => Errors.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(host.Url, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                Foreign.Add(request.Url);
        };
    }

    public IPage Page { get; }

    public List<string> Errors { get; } = [];

    /// <summary>Requests to anybody else than the dashboard.</summary>
    public List<string> Foreign { get; } = [];

    public Task<IResponse?> GoAsync(string path) => Page.GotoAsync(_host.Url + path);

    /// <summary>The button of that name, wherever it is on the page.</summary>
    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Waits until the page shows it.</summary>
    public Task ShowsAsync(string text) => Page.GetByText(text).First.WaitForAsync();

    /// <summary>Sends a form as the page's own are sent, with its token. Gives the status.</summary>
    public Task<int> PostAsync(string path, string fields) => Page.EvaluateAsync<int>(
        "([path, fields]) => fetch(path, { method: 'POST', headers: { Accept: 'text/html' }, body: new URLSearchParams(fields + '&csrf=' + document.querySelector('[name=csrf]').value) }).then(answer => answer.status)",
        new[] { path, fields });

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}

/// <summary>All tests of the dashboard, over one control plane.</summary>
[CollectionDefinition(DashboardHost.Collection)]
public sealed class DashboardCollection : ICollectionFixture<DashboardHost>;
