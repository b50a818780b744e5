using Microsoft.Playwright;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>The dashboard in a browser, over real instances on this machine.</summary>
[Collection(DashboardHost.Collection)]
public class DashboardTests(DashboardHost host)
{
    [MachineFact(Browser.Program, "npm")]
    public async Task AnInstanceLivesFromTheButtonToItsDeletion()
    {
        await using var visit = await host.SignInAsync();
        var page = visit.Page;

        await page.GetByRole(AriaRole.Link, new() { Name = "Deploy" }).First.ClickAsync();
        await page.GetByLabel("Name of the tenant").FillAsync("Bob!");
        await page.Locator("#preview .notice").WaitForAsync();
        await page.GetByLabel("Name of the tenant").FillAsync("bob");
        await visit.ShowsAsync($"http://bob.localhost:{new Uri(host.Plane.Gateway).Port}");
        await visit.Button("Deploy").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "bob is there" }).WaitForAsync();
        var address = await page.GetByRole(AriaRole.Link, new() { Name = "Open bob" }).GetAttributeAsync("href");
        (await host.Plane.JsonAsync("status", "bob")).GetProperty("url").GetString().ShouldBe(address);
        (await AnswerAsync("bob")).ShouldContain("hello from bob");

        await visit.GoAsync("/instances/bob/logs");
        await visit.ShowsAsync("start 1 of bob");
        (await host.Plane.CallAsync("restart", "bob")).ShouldEndWith(0);
        await visit.ShowsAsync("start 2 of bob");

        await visit.Button("Stop").ClickAsync();
        await visit.Button("Stop bob").ClickAsync();
        await page.Locator("#instance-top .pill", new() { HasText = "Asleep" }).WaitForAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Open", Exact = true }).ClickAsync();
        await visit.Button("Send").ClickAsync();
        await page.Locator("#answer").GetByText("hello from bob").WaitForAsync();
        await page.Locator("#instance-top .pill", new() { HasText = "Running" }).WaitForAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Configuration" }).ClickAsync();
        await visit.Button("Delete bob").First.ClickAsync();
        (await page.Locator("#confirm-delete [type=submit]").IsDisabledAsync()).ShouldBeTrue();
        await page.GetByLabel("Type bob to confirm").FillAsync("bob");
        await page.Locator("#confirm-delete [type=submit]").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "bob is gone" }).WaitForAsync();
        (await host.Plane.CallAsync("status", "bob")).ShouldEndWith(3);
        visit.Errors.ShouldBeEmpty();
        visit.Foreign.ShouldBeEmpty();
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task APageThatFindsNobodyStopsAskingAfterTenMinutes()
    {
        await using var visit = await host.SignInAsync();
        var asked = 0;
        await visit.Page.Clock.InstallAsync();
        await visit.Page.RouteAsync("**/live/**", route =>
        {
            Interlocked.Increment(ref asked);
            return route.AbortAsync();
        });
        await visit.GoAsync("/instances/alice");
        for (var minutes = 0; minutes < 60 && !await visit.Page.GetByText("What you see is old.").IsVisibleAsync(); minutes++)
            await visit.Page.Clock.RunForAsync(60_000);
        await visit.Page.GetByText("What you see is old.").WaitForAsync();
        var before = asked;
        await visit.Page.Clock.RunForAsync(3_600_000);

        asked.ShouldBe(before);
        before.ShouldBeInRange(2, 60);
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task AnOrganizationGetsAQuotaIsSortedByAndIsRemovedByItsName()
    {
        await using var visit = await host.SignInAsync();
        var page = visit.Page;
        await visit.GoAsync("/settings/people");
        await page.GetByText("Add an organization").ClickAsync();
        await page.Locator("form[action='/settings/organizations'] [name=organization]").FillAsync("shortlived");
        await page.Locator("form[action='/settings/organizations'] button").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Quotas of shortlived" }).WaitForAsync();
        await page.GetByText("Set a quota").ClickAsync();
        await page.GetByLabel("Awake at once").FillAsync("2");
        await page.GetByLabel("Memory").FillAsync("8GB");
        await visit.Button("Set the quota").ClickAsync();
        await visit.ShowsAsync("0 of 2");
        (await host.Plane.JsonAsync("quota", "show", "shortlived")).ToString().ShouldContain("8000000000");
        await visit.Button("Remove shortlived").First.ClickAsync();
        await page.GetByLabel("Type shortlived to confirm").FillAsync("shortlived");
        await page.Locator("#confirm-organization [type=submit]").ClickAsync();
        await page.WaitForURLAsync(url => url.EndsWith("/settings/people", StringComparison.Ordinal));
        (await host.Plane.CallAsync("organization", "list")).Out.ShouldNotContain("shortlived");

        await visit.GoAsync("/?sort=-slug");
        await page.Locator("th[aria-sort=descending]", new() { HasText = "Instance" }).WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Created" }).ClickAsync();
        await page.Locator("th[aria-sort=ascending]", new() { HasText = "Created" }).WaitForAsync();
        visit.Errors.ShouldBeEmpty();
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task AFormWithoutItsTokenChangesNothing()
    {
        await using var visit = await host.SignInAsync();
        await visit.GoAsync("/deploy");
        // What acts is no link: another site could lead there.
        (await visit.Page.EvaluateAsync<int>("() => fetch('/settings/targets/local/check').then(answer => answer.status)")).ShouldBe(405);
        (await visit.Page.EvaluateAsync<int>("() => fetch('/settings/targets/local/check', { method: 'POST', body: new URLSearchParams({ csrf: 'guessed' }) }).then(answer => answer.status)")).ShouldBe(403);
        (await visit.Page.EvaluateAsync<int>("() => fetch('/instances/alice/sleep', { method: 'POST', body: new URLSearchParams({ csrf: 'guessed' }) }).then(answer => answer.status)")).ShouldBe(403);
        (await host.Plane.JsonAsync("status", "alice")).GetProperty("phase").GetString().ShouldBe("Running");
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task TheKeyboardIsEnough()
    {
        await using var visit = await host.SignInAsync();
        var page = visit.Page;
        await page.Keyboard.PressAsync("Tab");
        (await FocusAsync(page)).ShouldBe("Skip to content");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("ali");
        await page.WaitForURLAsync(url => url.Contains("q=ali", StringComparison.Ordinal));
        for (var presses = 0; await FocusAsync(page) != "alice" && presses < 20; presses++)
            await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "alice", Level = 1 }).WaitForAsync();

        for (var presses = 0; await FocusAsync(page) != "Restart" && presses < 30; presses++)
            await page.Keyboard.PressAsync("Tab");
        (await page.EvaluateAsync<string>("() => getComputedStyle(document.activeElement).outlineStyle")).ShouldBe("solid");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#confirm-restart[open]").WaitForAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("#confirm-restart[open]").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        (await FocusAsync(page)).ShouldBe("Restart");
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task AnInstanceIsDeployedAndDeletedByKeyboardAloneOnASmallScreenInTheDark()
    {
        await using var visit = await host.SignInAsync(isPhone: true, ColorScheme.Dark);
        var page = visit.Page;
        async Task TabToAsync(string what)
        {
            for (var presses = 0; presses < 60 && await page.EvaluateAsync<string>("() => document.activeElement.name || document.activeElement.textContent.trim()") != what; presses++)
                await page.Keyboard.PressAsync("Tab");
            (await page.EvaluateAsync<string>("() => document.activeElement.name || document.activeElement.textContent.trim()")).ShouldBe(what);
        }

        await TabToAsync("Deploy");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Deploy", Level = 1 }).WaitForAsync();
        await TabToAsync("name");
        await page.Keyboard.TypeAsync("kim");
        await page.Locator("#preview .plan-steps").WaitForAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "kim is there" }).WaitForAsync();
        await visit.GoAsync("/instances/kim/configuration");
        await TabToAsync("Delete kim");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#confirm-delete[open]").WaitForAsync();
        await TabToAsync("name");
        await page.Keyboard.TypeAsync("kim");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "kim is gone" }).WaitForAsync();
        visit.Errors.ShouldBeEmpty();
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task ALostConnectionIsShownAndMended()
    {
        await using var visit = await host.SignInAsync();
        await visit.Page.RouteAsync("**/live/**", route => route.AbortAsync());
        await visit.GoAsync("/instances/alice");
        await visit.Page.Locator("#connection").GetByText("Connection lost").WaitForAsync();
        await visit.Page.UnrouteAllAsync();
        // Not by the mouse: the page may have tried by itself by then, and hidden the button.
        await visit.Page.EvaluateAsync("() => document.querySelector('[data-retry]').click()");
        await visit.Page.Locator("#connection").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
    }

    [MachineTheory(Browser.Program, "npm")]
    [InlineData(false, ColorScheme.Light)]
    [InlineData(false, ColorScheme.Dark)]
    [InlineData(true, ColorScheme.Light)]
    public async Task EveryPageFitsAndIsFreeOfErrorsAndSeriousFaultsOfAccessibility(bool isPhone, ColorScheme scheme)
    {
        await using var stranger = await host.StrangerAsync(isPhone, scheme);
        await LookAsync(stranger, "sign-in", "/instances/alice", "[type=password]");
        await LookAsync(stranger, "sign-in-link", new Uri((await host.Plane.JsonAsync("login")).GetProperty("url").GetString()!).PathAndQuery, "form button");
        await using var visit = await host.SignInAsync(isPhone, scheme);
        foreach (var (name, path, ready) in Pages)
            await LookAsync(visit, name, path, ready);
        var made = (await host.Plane.JsonAsync("operations")).EnumerateArray().First(one => one.GetProperty("slug").GetString() == "alice" && one.GetProperty("kind").GetString() == "Create");
        await LookAsync(visit, "operation", $"/operations/{made.GetProperty("id").GetString()}", "h1");

        async Task LookAsync(DashboardVisit who, string name, string path, string ready)
        {
            await who.GoAsync(path);
            await who.Page.Locator(ready).First.WaitForAsync();
            await DashboardPictures.TakeAsync(who.Page, name, isPhone, scheme);
            (await who.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")).ShouldBeLessThanOrEqualTo(0, path);
            (await Axe.FaultsAsync(who.Page)).ShouldBeEmpty(path);
            who.Errors.ShouldBeEmpty(path);
            who.Foreign.ShouldBeEmpty(path);
        }
    }

    // What is waited for tells that the page is whole, with what it loads later.
    private static readonly (string Name, string Path, string Ready)[] Pages =
    [
        ("fleet", "/", "#row-alice"),
        ("instance", "/instances/alice", "[data-chart=network] canvas"),
        ("open", "/instances/alice/open", "#h-request"),
        ("logs", "/instances/alice/logs", ".log .line"),
        ("configuration", "/instances/alice/configuration", "#h-danger"),
        ("instance-activity", "/instances/alice/activity", "#operations"),
        ("deploy", "/deploy?name=carol", "#preview .plan-steps"),
        ("activity", "/activity", "#operations"),
        ("audit", "/activity/audit", "table"),
        ("targets", "/settings", ".findings"),
        ("people", "/settings/people", "#h-people"),
        ("tokens", "/settings/tokens", "#h-tokens"),
        ("account", "/account", "#h-password"),
    ];

    private async Task<string> AnswerAsync(string name)
    {
        using var visitor = new Visitor();
        return (await visitor.GetAsync(host.Plane, $"{name}.localhost")).Body;
    }

    private static Task<string> FocusAsync(IPage page) => page.EvaluateAsync<string>("() => document.activeElement.textContent.trim()");
}
