using System.Text;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Server.Tests.LlmKeys;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// Management keys, minted LLM keys and generated tokens are nowhere but at their provider and inside their instances: customers come and go by every verb, with
/// debug logging on, a wrong management key and a provider that says too much.
/// </summary>
public class KeyLeakTests
{
    private static readonly string Agent = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "agent");
    private static readonly string[] User = ["onboard", "--email", "user@example.com", "--name", "User Name", "--app", "agent"];

    [MachineFact("openssl")]
    public async Task NoKeyIsFoundAnywhereButInsideItsInstanceWhileCustomersComeAndGo()
    {
        await using var peer = await OpenRouterPeer.StartAsync();
        await using var plane = new ControlPlane();
        await plane.StartAsync(null, "--log-level", "debug");
        await plane.AddLocalAsync();
        await using var hunt = new Hunt(plane.Cgroup);
        hunt.Plant(OpenRouterPeer.ManagementKey);
        peer.After = _ =>
        {
            foreach (var key in peer.Keys)
                hunt.Plant(key.Text);
            return null;
        };
        var outputs = new StringBuilder();
        var desk = Directory.CreateTempSubdirectory("tenantry-desk-").FullName;
        try
        {
            await DriveAsync(plane, peer, hunt, outputs, desk);

            hunt.InText(outputs.ToString(), "what commands printed").ShouldBeEmpty();
            hunt.InText(await plane.LogAsync(), "the log").ShouldBeEmpty();
            hunt.InFiles(plane.Folder).ShouldBeEmpty();
            hunt.InFiles(Path.Combine(desk, "out")).ShouldBeEmpty();
            hunt.Seen.ShouldBeEmpty();
            hunt.Looks.ShouldBeGreaterThan(10);
            peer.Keys.ShouldBeEmpty();
        }
        finally
        {
            // Whatever went wrong: nothing can be deleted while the provider refuses.
            peer.Before = _ => null;
            await plane.CallWithInputAsync(OpenRouterPeer.ManagementKey, "llm", "provider", "set", "openrouter", "--base-url", peer.BaseUrl);
            Directory.Delete(desk, recursive: true);
        }
    }

    private static async Task DriveAsync(ControlPlane plane, OpenRouterPeer peer, Hunt hunt, StringBuilder outputs, string desk)
    {
        async Task RunAsync(string input, int? code, params string[] arguments)
        {
            var finished = await plane.CallWithInputAsync(input, arguments);
            outputs.AppendLine(finished.Out).AppendLine(finished.Error);
            if (code is { } expected)
                finished.ShouldEndWith(expected);
        }

        string File(string name, string content)
        {
            System.IO.File.WriteAllText(Path.Combine(desk, name), content);
            return Path.Combine(desk, name);
        }

        var outside = Directory.CreateDirectory(Path.Combine(desk, "out")).FullName;
        var management = File("management", OpenRouterPeer.ManagementKey);
        await RunAsync("", 0, "app", "apply", "-f", Agent);
        await RunAsync(hunt.Plant("sk-or-v1-" + Guid.NewGuid().ToString("N")), 0, "llm", "provider", "set", "openrouter", "--base-url", peer.BaseUrl, "--poll", "1s");
        await RunAsync("", 0, [.. User, "--dry-run", "--management-key-file", management]);
        // The wrong management key is refused by the provider, and the customer gets no instance before the right one is there.
        await RunAsync("", 1, [.. User, "--timeout", "1m"]);
        await RunAsync("", 0, "status", "user");
        await RunAsync("", 0, [.. User, "--management-key-file", management, "-o", "json"]);
        var environ = Inside(plane);
        foreach (var name in (string[])["OPENROUTER_API_KEY=", "GATEWAY_TOKEN="])
            hunt.Plant(environ.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]);
        environ.ShouldContain("OPENROUTER_API_KEY=" + peer.Keys.ShouldHaveSingleItem().Text);

        var customers = File("customers.csv", $"email,name,secret-file.gateway-token\nann@example.com,Ann,{File("token", hunt.Plant())}\n");
        await RunAsync("", 0, "onboard", "--from", customers, "--app", "agent", "--skip-provision", "--secret-file", $"llm-key={File("own", hunt.Plant())}");
        await RunAsync("", 2, "onboard", "--from", customers, "--app", "agent", "--secret-file", $"no-such={File("strange", hunt.Plant())}");

        (await Finished.RunAsync("/bin/sh", ["-c", "openssl ecparam -name prime256v1 -genkey -noout -out k && openssl ec -in k -pubout -out k.pub"], folder: desk)).ShouldEndWith(0);
        await RunAsync("", 0, "secret", "export", "user", "--to", Path.Combine(desk, "k.pub"), "-f", Path.Combine(outside, "user.json"));
        await RunAsync("", 0, "secret", "import", "ann", "-f", Path.Combine(outside, "user.json"), "--key", Path.Combine(desk, "k"));
        await RunAsync("", 0, "secret", "rekey", "--yes");

        await RunAsync("", 0, "llm", "limit", "user", "--limit", "700");
        await RunAsync("", 0, "llm", "disable", "user");
        await RunAsync("", 0, "llm", "enable", "user");
        await RunAsync("", 0, "llm", "rotate", "user", "-o", "json");
        peer.Before = request => request.Method == "PATCH" ? PeerFault.Error(400, $"The key {peer.Keys[0].Text} of {OpenRouterPeer.ManagementKey} is not to be changed") : null;
        await RunAsync("", null, "llm", "limit", "user", "--limit", "$9", "--timeout", "2s");
        peer.Before = _ => null;
        foreach (var verb in (string[][])[["llm", "show", "user", "-o", "json"], ["llm", "provider", "list", "-o", "json"], ["status", "user", "-o", "json"], ["operations", "-o", "json"], ["secret", "list", "user", "-o", "json"],
            ["audit", "list", "-o", "json"], ["audit", "export", "--output", Path.Combine(outside, "audit.jsonl")], ["plan", "user"], ["tenant", "list", "-o", "json"], ["checklist", "user"]])
            await RunAsync("", null, verb);

        await RunAsync("", 0, "offboard", "user", "--backup", Path.Combine(outside, "last"), "--yes");
        await RunAsync("", 0, "offboard", "ann", "--no-backup", "--yes", "-o", "json");
        await RunAsync("", 0, "llm", "provider", "remove", "openrouter", "--yes");
    }

    // Read where it may be: from the instance's own process.
    private static string[] Inside(ControlPlane plane)
    {
        var process = Machine.ProcessesIn(plane.Cgroup).First(pid => Machine.CommandLine(pid).Contains("httpd", StringComparison.Ordinal));
        return File.ReadAllText($"/proc/{process}/environ").Split('\0');
    }
}
