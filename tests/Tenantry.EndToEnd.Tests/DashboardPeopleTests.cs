using System.Net;
using Microsoft.Playwright;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>The dashboard as people come in, stay in and see what is theirs.</summary>
[Collection(DashboardHost.Collection)]
public class DashboardPeopleTests(DashboardHost host)
{
    [MachineFact(Browser.Program, "npm")]
    public async Task WhatBelongsToAnotherOrganizationIsNotThere()
    {
        await using var visit = await host.OfOrganizationAsync("empty", "owner");
        await visit.GoAsync("/");
        await visit.ShowsAsync("Nothing runs here yet");
        (await visit.Page.ContentAsync()).ShouldNotContain("alice");
        foreach (var path in (string[])["", "/logs", "/open", "/configuration", "/activity"])
            (await visit.GoAsync("/instances/alice" + path))!.Status.ShouldBe((int)HttpStatusCode.NotFound, path);
        await visit.GoAsync("/activity");
        (await visit.Page.ContentAsync()).ShouldNotContain("alice");

        // With a form's token of its own, which a page of its own tells.
        await visit.GoAsync("/deploy");
        foreach (var path in (string[])["sleep", "restart", "delete", "open", "configuration", "secrets"])
            (await visit.PostAsync($"/instances/alice/{path}", "name=alice&method=GET&path=/&secret=x&value=x")).ShouldBe(404, path);
        foreach (var path in (string[])["/live/instances/alice", "/live/instances/alice/logs"])
            (await visit.Page.EvaluateAsync<int>("path => fetch(path).then(answer => answer.status)", path)).ShouldBe(404, path);
        (await host.Plane.JsonAsync("status", "alice")).GetProperty("phase").GetString().ShouldBe("Running");
    }

    [MachineFact(Browser.Program, "npm", "node")]
    public async Task WhoSignsInAtTheProviderDeploysForTheirOrganizationAndSeesNoOther()
    {
        await using var ann = await host.SignInAtProviderAsync("ann");
        await using var bob = await host.SignInAtProviderAsync("bob");
        foreach (var (visit, name) in ((DashboardVisit, string)[])[(ann, "annes"), (bob, "bobs")])
        {
            await visit.Page.GetByLabel("Name of the tenant").FillAsync(name);
            await visit.ShowsAsync($"http://{name}.localhost:{new Uri(host.Plane.Gateway).Port}");
            await visit.Button("Deploy").ClickAsync();
            await visit.Page.GetByRole(AriaRole.Heading, new() { Name = $"{name} is there" }).WaitForAsync();
        }

        // What faces the provider and the browsers is not root.
        var web = Machine.ChildrenOf(host.Plane.Pid).Where(pid => Machine.CommandLine(pid).Contains("tenantry", StringComparison.Ordinal)).ShouldHaveSingleItem();
        Machine.Status(web, "Uid").Split('\t').ShouldAllBe(id => id != "0");
        (await host.Plane.JsonAsync("status", "annes")).GetProperty("organization").GetString().ShouldBe("acme");
        (await host.Plane.JsonAsync("status", "bobs")).GetProperty("organization").GetString().ShouldBe("other");
        await bob.Page.GotoAsync(host.Plane.Api.TrimEnd('/') + "/");
        await bob.Page.Locator("#row-bobs").WaitForAsync();
        (await bob.Page.ContentAsync()).ShouldNotContain("annes");
        (await bob.Page.GotoAsync(host.Plane.Api.TrimEnd('/') + "/instances/annes"))!.Status.ShouldBe((int)HttpStatusCode.NotFound);
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task WhoHasAPasswordSignsInWithItAndChangesIt()
    {
        const string first = "a first long password", second = "a second long password";
        await using var visit = await host.StrangerAsync(false, ColorScheme.Light);
        (await host.Plane.CallWithInputAsync(first + "\n", "person", "add", "pia@example.com", "--role", "viewer", "--password")).ShouldEndWith(0);
        var page = visit.Page;
        async Task SignInAsync(string password)
        {
            await page.GetByLabel("E-mail address").FillAsync("pia@example.com");
            await page.GetByLabel("Password").FillAsync(password);
            await visit.Button("Sign in").ClickAsync();
        }

        await visit.GoAsync("/account");
        await SignInAsync("not the right password");
        await visit.ShowsAsync("The address or the password is not right.");
        await SignInAsync(first);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Your account" }).WaitForAsync();
        foreach (var (current, wanted, answer) in new[] { ("wrong one here", second, "The password so far is not right."), (first, second, "Your password is changed.") })
        {
            await page.GetByLabel("Password so far").FillAsync(current);
            await page.GetByLabel("New password").FillAsync(wanted);
            await page.GetByLabel("The same again").FillAsync(wanted);
            await visit.Button("Change the password").ClickAsync();
            await visit.ShowsAsync(answer);
        }

        await SignInAsync(second);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Fleet", Level = 1 }).WaitForAsync();
        var third = await host.Plane.CallWithInputAsync($"{second}\n{first}\n", "person", "password", "pia@example.com", "--server", host.Plane.Api);
        third.ShouldEndWith(0);
        (await host.Plane.CallWithInputAsync($"{second}\n{first}\n", "person", "password", "pia@example.com", "--server", host.Plane.Api)).ShouldEndWith(5);
        (await visit.GoAsync("/account"))!.Url.ShouldContain("/signin");
        (await host.Plane.CallAsync("person", "remove", "pia@example.com", "--yes")).ShouldEndWith(0);
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task APasskeyIsAddedSignsInAndIsRemoved()
    {
        await using var visit = await host.SignInAsync();
        var page = visit.Page;
        var authenticator = await page.Context.NewCDPSessionAsync(page);
        await authenticator.SendAsync("WebAuthn.enable");
        await authenticator.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });
        async Task AddAsync(string name)
        {
            await visit.GoAsync("/account");
            await page.GetByText("Add a passkey").First.ClickAsync();
            await page.Locator("[data-passkey-add] [name=name]").FillAsync(name);
            await page.Locator("[data-passkey-add] button").ClickAsync();
        }

        await AddAsync("Laptop");
        await page.Locator("section[aria-labelledby=h-passkeys] li", new() { HasText = "Laptop" }).WaitForAsync();
        await visit.ShowsAsync("never used");
        // The same authenticator has one of this person already.
        await AddAsync("Again");
        await page.Locator("[data-passkey-add] [data-passkey-message]").WaitForAsync();

        await visit.Button("Sign out").First.ClickAsync();
        await visit.GoAsync("/instances/alice");
        await visit.Button("Sign in with a passkey").ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "alice", Level = 1 }).WaitForAsync();
        (await host.Plane.CallAsync("audit", "list", "--action", "session.begin", "-o", "json")).Out.ShouldContain("passkey, from");

        await visit.GoAsync("/account");
        await visit.Button("Remove Laptop").First.ClickAsync();
        await page.Locator("dialog[open] .danger").ClickAsync();
        await visit.ShowsAsync("None yet. With a passkey");
        await visit.Button("Sign out").First.ClickAsync();
        await visit.GoAsync("/");
        await visit.Button("Sign in with a passkey").ClickAsync();
        await visit.ShowsAsync("This passkey signs nobody in here");
        visit.Errors.ShouldBeEmpty();
    }

    [MachineFact(Browser.Program, "npm")]
    public async Task WhoIsSignedOutWhileTheyLookAtAPageIsAskedToSignInAndComesBackToIt()
    {
        await using var visit = await host.SignInAsync();
        var page = visit.Page;
        await visit.GoAsync("/instances/alice");
        await page.Locator("#connection[data-state=live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(host.Url + "/account");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).First.ClickAsync();

        await page.WaitForURLAsync(url => url.EndsWith("/signin?returnTo=%2Finstances%2Falice", StringComparison.Ordinal));
        await visit.ShowsAsync("E-mail address");
    }
}
