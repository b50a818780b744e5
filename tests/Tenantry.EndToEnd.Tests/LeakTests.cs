using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Instances;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// Values of secrets are nowhere but inside the instance: each verb and each failure that can be brought about is driven with values that are looked for
/// afterwards, with debug logging on. The last part leaks values on purpose, so that it is known that they would have been found.
/// </summary>
public class LeakTests
{
    private static readonly string Vault = Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", "vault");

    [MachineFact("openssl")]
    public async Task NoSecretIsFoundAnywhereButInsideItsInstance()
    {
        await using var plane = new ControlPlane();
        await plane.StartAsync(null, "--log-level", "debug");
        await plane.AddLocalAsync();
        await using var hunt = new Hunt(plane.Cgroup);
        var outputs = new StringBuilder();
        var desk = Directory.CreateTempSubdirectory("tenantry-desk-").FullName;
        try
        {
            await DriveAsync(plane, hunt, outputs, desk);
            await FailAsync(plane, hunt, outputs, desk);

            hunt.InText(outputs.ToString(), "what commands printed").ShouldBeEmpty();
            hunt.InText(await plane.LogAsync(), "the log").ShouldBeEmpty();
            // What the app itself printed is in its own log, and nowhere else.
            hunt.InFiles(plane.Folder).Where(found => !found.Contains("/logs/web.", StringComparison.Ordinal)).ShouldBeEmpty();
            hunt.Seen.ShouldBeEmpty();
            hunt.Looks.ShouldBeGreaterThan(10);

            await FindWhatIsLeakedAsync(plane, hunt);
        }
        finally
        {
            Directory.Delete(desk, recursive: true);
        }
    }

    private static async Task DriveAsync(ControlPlane plane, Hunt hunt, StringBuilder outputs, string desk)
    {
        async Task<string> RunAsync(int code, string input, params string[] arguments)
        {
            var finished = await plane.CallWithInputAsync(input, arguments);
            outputs.AppendLine(finished.Out).AppendLine(finished.Error);
            finished.ShouldEndWith(code);
            return finished.Out;
        }

        string File(string name, string content)
        {
            var path = Path.Combine(desk, name);
            System.IO.File.WriteAllText(path, content);
            return path;
        }

        await RunAsync(0, "", "app", "apply", "-f", Vault);
        var password = hunt.Plant();
        await RunAsync(0, "", "tenant", "add", "alice", "--app", "vault", "--secret-file", $"smtp-password={File("password", $"a=b \"{password}\"\n'x' ü\n")}");
        Inside(plane, hunt, "smtp-password").ShouldContain(password);
        Plant(plane, hunt, "session-key");

        await RunAsync(0, "", "secret", "set", "alice", "smtp-password", "--from-file", File("long", hunt.Plant() + new string('x', 65_000)));
        await RunAsync(0, hunt.Plant(), "secret", "set", "licence", "--app", "vault");
        await RunAsync(0, hunt.Plant(), "secret", "set", "alice", "licence", "--scope", "instance", "--dry-run");
        await RunAsync(0, hunt.Plant(), "secret", "set", "alice", "team-key", "--no-wait");
        await RunAsync(0, "", "secret", "import", "alice", "-f", File("env", $"SENTRY_DSN=https://{hunt.Plant()}\nTEAM_KEY='{hunt.Plant()}'\n"));
        await RunAsync(0, "", "secret", "rotate", "alice", "session-key", "-o", "json");
        Plant(plane, hunt, "session-key");
        await RunAsync(0, hunt.Plant(), "secret", "rotate", "alice", "smtp-password");
        await RunAsync(0, "", "secret", "rollback", "alice", "smtp-password");
        await RunAsync(0, "", "secret", "list", "alice");
        await RunAsync(0, "", "secret", "list", "--app", "vault", "-o", "json");
        await RunAsync(0, "", "secret", "show", "alice", "smtp-password");
        await RunAsync(0, "", "secret", "show", "alice", "session-key", "-o", "json");

        (await Finished.RunAsync("/bin/sh", ["-c", "openssl ecparam -name prime256v1 -genkey -noout -out k && openssl ec -in k -pubout -out k.pub"], folder: desk)).ShouldEndWith(0);
        await RunAsync(0, "", "secret", "export", "alice", "--to", Path.Combine(desk, "k.pub"));
        await RunAsync(0, "", "secret", "export", "alice", "--to", Path.Combine(desk, "k.pub"), "-f", Path.Combine(desk, "alice.json"));
        await RunAsync(0, "", "secret", "import", "alice", "-f", Path.Combine(desk, "alice.json"), "--key", Path.Combine(desk, "k"));
        await RunAsync(0, "", "secret", "import", "alice", "--scope", "instance", "-f", Path.Combine(desk, "alice.json"), "--key", Path.Combine(desk, "k"));
        await RunAsync(0, "", "secret", "rekey", "--yes");
        await RunAsync(0, "", "secret", "unset", "alice", "sentry-dsn", "--yes");

        foreach (var verb in (string[][])[["status", "alice"], ["status", "-o", "json"], ["plan", "alice"], ["operations"], ["operations", "-o", "json"], ["audit", "list"], ["audit", "list", "-o", "json"], ["logs", "alice"],
            ["stats", "alice"], ["app", "show", "vault"], ["render", "compose", "--output", "-"], ["orphans"], ["doctor"], ["sleep", "alice"], ["wake", "alice"], ["freeze", "alice"], ["wake", "alice"], ["restart", "alice"]])
        {
            var finished = await plane.CallAsync(verb);
            outputs.AppendLine(finished.Out).AppendLine(finished.Error);
        }
    }

    private static async Task FailAsync(ControlPlane plane, Hunt hunt, StringBuilder outputs, string desk)
    {
        async Task RefusedAsync(int code, string input, params string[] arguments)
        {
            var finished = await plane.CallWithInputAsync(input, arguments);
            outputs.AppendLine(finished.Out).AppendLine(finished.Error);
            finished.ShouldEndWith(code);
        }

        await RefusedAsync(2, hunt.Plant(), "secret", "set", "alice", "sentry-dsn");
        await RefusedAsync(3, hunt.Plant(), "secret", "set", "alice", "no-such");
        await RefusedAsync(3, hunt.Plant(), "secret", "set", "nobody", "smtp-password");
        await RefusedAsync(2, hunt.Plant(), "secret", "set", "alice", "smtp-password", "--scope", "app");
        await RefusedAsync(2, hunt.Plant() + new string('x', 70_000), "secret", "set", "alice", "smtp-password");
        await RefusedAsync(2, hunt.Plant() + "\0", "secret", "set", "alice", "smtp-password", "-o", "json");
        await RefusedAsync(2, $"SENTRY_DSN='{hunt.Plant()}\n", "secret", "import", "alice", "-f", "-");
        await RefusedAsync(2, $"NOT_DECLARED={hunt.Plant()}\n", "secret", "import", "alice", "-f", "-");
        await RefusedAsync(2, $"{{\"{hunt.Plant()}\":", "secret", "import", "alice", "-f", "-", "--key", Path.Combine(desk, "k"));
        await RefusedAsync(2, "", "secret", "export", "alice", "--to", Path.Combine(desk, "k"));

        // What no client of ours sends.
        foreach (var body in (string[])[$"{{\"value\":{{\"{hunt.Plant()}\":1}}}}", $"{{\"value\":\"{hunt.Plant()}\"", $"{{\"{hunt.Plant()}\":\"x\"}}", $"\"{hunt.Plant()}\"", $"{{\"value\":{hunt.Plant(Random.Shared.NextInt64(1L << 61, 1L << 62).ToString(System.Globalization.CultureInfo.InvariantCulture))}}}", $"{{\"value\":\"{hunt.Plant()}\",\"value\":\"y\"}}"])
            outputs.AppendLine(await PutAsync(plane, body));
        outputs.AppendLine(await PutAsync(plane, "{\"value\":\"" + hunt.Plant() + new string('x', 2 << 20) + "\"}"));

        // A release that cannot start while the new values are in its environment, and an engine that dies over it.
        var broken = Path.Combine(desk, "broken");
        Directory.CreateDirectory(broken);
        var manifest = await File.ReadAllTextAsync(Path.Combine(Vault, "tenantry.yaml"));
        await File.WriteAllTextAsync(Path.Combine(broken, "tenantry.yaml"), manifest.Replace("[/bin/busybox, httpd", "[/bin/no-such-program, httpd", StringComparison.Ordinal));
        await RefusedAsync(0, "", "app", "apply", "-f", broken);
        await RefusedAsync(1, "", "deploy", "alice", "--timeout", "3m");
        // One that says why it cannot start, with the value in the sentence: a short one, since of lines of 64 KiB no last ones are told.
        await RefusedAsync(0, hunt.Plant(), "secret", "set", "alice", "smtp-password", "--no-wait");
        await File.WriteAllTextAsync(Path.Combine(broken, "tenantry.yaml"), manifest.Replace("[/bin/busybox, httpd, -f, -p, \"127.0.0.1:8080\", -h, /data]", "[/bin/sh, -c, 'echo \"bad address $ADDRESS\" >&2; sleep 0.1; exit 3']", StringComparison.Ordinal));
        await RefusedAsync(0, "", "app", "apply", "-f", broken);
        await RefusedAsync(1, "", "deploy", "alice", "--timeout", "3m");
        var told = outputs.ToString();
        told.ShouldContain("bad address smtp://app:***@mail.example", Case.Sensitive, told[^Math.Min(told.Length, 3000)..]);
        await RefusedAsync(0, hunt.Plant(), "secret", "set", "alice", "smtp-password", "--no-wait");
        await plane.KillAsync();
        await plane.StartAsync(null, "--log-level", "debug");
        await RefusedAsync(0, "", "app", "apply", "-f", Vault);
        await RefusedAsync(0, "", "deploy", "alice", "--timeout", "3m");
        await RefusedAsync(0, "", "status", "alice");
        (await plane.Client.Instances.GetAsync("alice")).Phase.ShouldBe(InstancePhase.Running);
    }

    private static async Task FindWhatIsLeakedAsync(ControlPlane plane, Hunt hunt)
    {
        var (named, printed, argued, inherited, logged) = (hunt.Plant(), hunt.Plant(), hunt.Plant(), hunt.Plant(), hunt.Plant());
        // In the store, as somebody would who writes a value into the wrong column.
        (await plane.CallAsync("tenant", "set", "alice", "--feature", $"welcome={named}")).ShouldEndWith(0);
        hunt.InFiles(Path.Combine(plane.Folder, "store")).ShouldContain(found => found.StartsWith(named, StringComparison.Ordinal));
        hunt.InText((await plane.CallAsync("secret", "set", printed)).Error + printed, "printed").ShouldHaveSingleItem();
        await File.WriteAllTextAsync(Path.Combine(plane.Folder, "engine", "left.log"), Convert.ToBase64String(Encoding.UTF8.GetBytes("xy" + logged)));
        hunt.InFiles(plane.Folder).ShouldContain(found => found.StartsWith(logged, StringComparison.Ordinal));
        using var child = Process.Start(new ProcessStartInfo("/bin/sleep", ["60"]) { Environment = { ["LEFT"] = inherited } })!;
        using var other = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sleep 60; true", argued]))!;
        try
        {
            await Eventually.HoldsAsync(() => (hunt.WasSeen($"{inherited} in environ") && hunt.WasSeen($"{argued} in cmdline"), string.Join(", ", hunt.Seen)));
        }
        finally
        {
            child.Kill();
            other.Kill(entireProcessTree: true);
        }
    }

    // Read where it may be: from the instance's own processes.
    private static string Inside(ControlPlane plane, Hunt hunt, string name)
    {
        var process = Machine.ProcessesIn(plane.Cgroup).First(pid => Machine.CommandLine(pid).Contains("httpd", StringComparison.Ordinal));
        return File.ReadAllText($"/proc/{process}/root/run/secrets/{name}");
    }

    private static void Plant(ControlPlane plane, Hunt hunt, string name) => hunt.Plant(Inside(plane, hunt, name));

    private static async Task<string> PutAsync(ControlPlane plane, string body)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(plane.Folder, "api.sock")), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using var answer = await http.PutAsync("http://tenantry/v1/instances/alice/secrets/smtp-password", content);
            answer.IsSuccessStatusCode.ShouldBeFalse();
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException cut)
        {
            // What is too long is not read to its end.
            return cut.Message;
        }
    }
}
