using System.Diagnostics;
using System.Net;
using Microsoft.Playwright;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Server.Tests.LlmKeys;

namespace Tenantry.EndToEnd.Tests;

/// <summary>A real application in a real browser, through the death of everything.</summary>
public class NodeRedTests
{
    private const string Flow =
        """
        [
          { "id": "saved-tab", "type": "tab", "label": "Saved by alice", "disabled": false, "info": "", "env": [] },
          { "id": "saved-in", "type": "http in", "z": "saved-tab", "name": "", "url": "/saved", "method": "get", "upload": false, "x": 140, "y": 80, "wires": [["saved"]] },
          { "id": "saved", "type": "template", "z": "saved-tab", "name": "", "field": "payload", "format": "text", "syntax": "plain", "template": "made in the editor", "x": 340, "y": 80, "wires": [["saved-out"]] },
          { "id": "saved-out", "type": "http response", "z": "saved-tab", "name": "", "statusCode": "200", "headers": {}, "x": 540, "y": 80, "wires": [] }
        ]
        """;

    [MachineFact("chromium", "npm", "mkfs.ext4")]
    public async Task AFlowSavedInTheEditorOutlivesEverythingAndNobodyElseSeesIt()
    {
        await using var plane = new ControlPlane();
        plane.ShareBuilds();
        await plane.StartAsync();
        await plane.AddLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", Repository.Example("node-red"))).ShouldEndWith(0);
        foreach (var name in (string[])["alice", "bob"])
            await AddAsync(plane, name);
        using var visitor = new Visitor();
        await using var browser = await Browser.StartAsync();

        var editor = await OpenEditorAsync(browser, plane, "alice");
        await ImportAndDeployAsync(editor);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "made in the editor", "/saved");
        await visitor.AnswersAsync(plane, "bob.localhost", HttpStatusCode.NotFound, path: "/saved");

        await plane.KillAsync();
        foreach (var pid in Machine.ProcessesIn(plane.Cgroup))
            Kill(pid);
        await plane.StartAsync();

        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "made in the editor", "/saved");
        await visitor.AnswersAsync(plane, "bob.localhost", HttpStatusCode.OK, "bob", "/healthz");
        await visitor.AnswersAsync(plane, "bob.localhost", HttpStatusCode.NotFound, path: "/saved");
        (await TabsAsync(await OpenEditorAsync(browser, plane, "alice"))).ShouldBe(["Start here", "Saved by alice"]);
        (await TabsAsync(await OpenEditorAsync(browser, plane, "bob"))).ShouldBe(["Start here"]);
        await OnboardAsync(plane, visitor);
    }

    // The same installation, which is not built again, as one command gives it to a customer: with a capped key, and nothing left of it afterwards.
    private static async Task OnboardAsync(ControlPlane plane, Visitor visitor)
    {
        await using var peer = await OpenRouterPeer.StartAsync();
        peer.AddStrangers(250);
        var folder = Path.Combine(plane.Folder, "node-red-with-a-key");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Repository.Example("node-red")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var manifest = Path.Combine(folder, "tenantry.yaml");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest))
            .Replace("secrets:\n", "secrets:\n  llm-key: { provider: openrouter, env: OPENROUTER_API_KEY }\n", StringComparison.Ordinal)
            .Replace("disk: 256MB }", "disk: 256MB, llm: { limit: $5 } }", StringComparison.Ordinal));
        (await plane.CallAsync("app", "apply", "-f", folder)).ShouldEndWith(0);
        (await plane.CallWithInputAsync(OpenRouterPeer.ManagementKey, "llm", "provider", "set", "openrouter", "--base-url", peer.BaseUrl)).ShouldEndWith(0);
        var token = Path.Combine(plane.Folder, "user.token");
        await File.WriteAllTextAsync(token, TokenOf("user"));
        string[] user = ["onboard", "--email", "user@example.com", "--name", "User Name", "--app", "node-red", "--secret-file", $"token={token}"];

        (await plane.CallAsync(user)).ShouldEndWith(0);
        (await plane.CallAsync(user)).ShouldEndWith(0);

        await visitor.AnswersAsync(plane, "user.localhost", HttpStatusCode.OK, "user", "/healthz");
        var key = peer.Keys.Where(one => !one.Name.StartsWith("stranger", StringComparison.Ordinal)).ShouldHaveSingleItem();
        (key.Limit, key.Reset).ShouldBe((5m, "monthly"));
        (await plane.CallAsync("exec", "user", "--", "/bin/cat", "/proc/1/environ")).ShouldEndWith(0).Out.Split('\0').ShouldContain("OPENROUTER_API_KEY=" + key.Text);
        (await plane.CallAsync("offboard", "user", "--no-backup", "--yes")).ShouldEndWith(0);
        peer.Keys.Count.ShouldBe(250);
        peer.Keys.ShouldAllBe(one => one.Name.StartsWith("stranger", StringComparison.Ordinal));
        await visitor.AnswersAsync(plane, "user.localhost", HttpStatusCode.NotFound);
    }

    private static async Task AddAsync(ControlPlane plane, string name)
    {
        var file = Path.Combine(plane.Folder, name + ".token");
        await File.WriteAllTextAsync(file, TokenOf(name));
        (await plane.CallAsync("tenant", "add", name, "--app", "node-red", "--secret-file", $"token={file}")).ShouldEndWith(0);
    }

    private static async Task<IPage> OpenEditorAsync(Browser browser, ControlPlane plane, string name)
    {
        var port = new Uri(plane.Gateway).Port;
        var page = await browser.OpenAsync($"http://{name}.localhost:{port}/admin/?access_token={TokenOf(name)}");
        await page.Locator("#red-ui-header-button-deploy").WaitForAsync();
        await page.Locator("#red-ui-loading-progress").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.Locator("#red-ui-workspace-tabs .red-ui-tab").First.WaitForAsync();
        return page;
    }

    private static async Task ImportAndDeployAsync(IPage page)
    {
        var deploy = page.Locator("#red-ui-header-button-deploy");
        await page.Locator("#red-ui-workspace-chart").ClickAsync(new() { Position = new() { X = 500, Y = 400 } });
        await page.Keyboard.PressAsync("Control+i");
        // The editor looks at the text when a key is let go of in it; filling presses none, and that of Control+I may come before or after the dialog has the keyboard.
        var text = page.Locator("#red-ui-clipboard-dialog-import-text");
        var import = page.Locator("#red-ui-clipboard-dialog-ok");
        await text.WaitForAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await text.FillAsync(Flow);
            await text.PressAsync("End");
            await Task.Delay(500);
            return (await import.IsEnabledAsync(), "the button that imports is not enabled");
        });
        await import.ClickAsync();
        await page.Locator("#red-ui-workspace-tabs").GetByText("Saved by alice").First.WaitForAsync();
        await Assertions.Expect(deploy).Not.ToHaveClassAsync(new System.Text.RegularExpressions.Regex("disabled"), new() { Timeout = (float)Eventually.Limit.TotalMilliseconds });
        await deploy.ClickAsync();
        await Assertions.Expect(deploy).ToHaveClassAsync(new System.Text.RegularExpressions.Regex("disabled"), new() { Timeout = (float)Eventually.Limit.TotalMilliseconds });
    }

    private static async Task<IReadOnlyList<string>> TabsAsync(IPage page) =>
        [.. (await page.Locator("#red-ui-workspace-tabs .red-ui-tab-label").AllInnerTextsAsync()).Select(text => text.Trim()).Where(text => text.Length > 0)];

    private static void Kill(int pid)
    {
        try
        {
            Process.GetProcessById(pid).Kill();
        }
        catch (ArgumentException)
        {
            // It went with another one of its instance.
        }
    }

    private static string TokenOf(string name) => $"token-of-{name}-0123456789";
}
