using System.Text;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// Secrets of instances on a Docker engine: files of them are in memory alone, in no label, variable, log, image, file of the engine's and answer of its API. What the
/// manifest wants as a variable is in the container's configuration, as docs/secrets.md says, and nowhere else.
/// </summary>
public class DockerLeakTests
{
    private const string ContainerdDatabase = "/io.containerd.metadata.v1.bolt/meta.db";

    [MachineFact(DockerHost.Programs, "docker")]
    public async Task OfSecretsTheEngineKeepsNothingButTheVariablesThatWereAskedFor()
    {
        await using var host = await DockerHost.StartAsync("--log-level", "debug");
        await using var files = new Hunt("no-instance-has-these-in-its-environment");
        await using var variables = new Hunt("not-looked-at");
        var outputs = new StringBuilder();
        var desk = host.NewFolder();
        async Task<string> RunAsync(string input, params string[] arguments)
        {
            var finished = await host.Plane.CallWithInputAsync(input, arguments);
            outputs.AppendLine(finished.Out).AppendLine(finished.Error);
            finished.ShouldEndWith(0);
            return finished.Out;
        }

        await host.ApplyAsync("zeptoclaw-like", async folder =>
        {
            File.Copy(Machine.Find("busybox")!, Path.Combine(folder, "busybox"), overwrite: true);
            var manifest = Path.Combine(folder, "tenantry.yaml");
            await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("secrets:\n", "secrets:\n  password: { prompt: Its password }\n  token: { generate: token(32) }\n", StringComparison.Ordinal)
                .Replace("    volumes:", "      /etc/mail.conf: { template: \"password = ${secret.password}\\n\", mode: \"0400\" }\n    volumes:", StringComparison.Ordinal));
        });
        string Write(string name, string value)
        {
            File.WriteAllText(Path.Combine(desk, name), value);
            return Path.Combine(desk, name);
        }

        await RunAsync("", "tenant", "add", "alice", "--app", "zeptoclaw-like", "--secret-file", $"password={Write("password", files.Plant())}", "--secret-file", $"anthropic-api-key={Write("key", variables.Plant())}");
        files.Plant((await host.Plane.CallAsync("exec", "alice", "--", "/bin/busybox", "cat", "/run/secrets/token")).ShouldEndWith(0).Out.Trim()).Length.ShouldBe(64);
        var second = files.Plant();
        await RunAsync(second, "secret", "set", "alice", "password");
        (await host.Plane.CallAsync("exec", "alice", "--", "/bin/busybox", "cat", "/run/secrets/password", "/etc/mail.conf")).Out.ShouldBe($"{second}password = {second}\n");
        await RunAsync("", "secret", "rotate", "alice", "token", "-o", "json");
        await RunAsync("", "sleep", "alice");
        await RunAsync("", "wake", "alice");
        foreach (var verb in (string[][])[["logs", "alice"], ["status", "alice", "-o", "json"], ["plan", "alice"], ["operations", "-o", "json"]])
            await RunAsync("", verb);

        var seen = new StringBuilder();
        foreach (var command in (string[])["docker inspect $(docker ps -aq)", "docker logs $(docker ps -aq) 2>&1", "docker image inspect $(docker images -aq)", "for i in $(docker images -aq); do docker history --no-trunc $i; done",
            "docker volume inspect $(docker volume ls -q)", "docker network inspect $(docker network ls -q)", "docker events --since 1h --until 0s", "docker diff $(docker ps -aq)"])
            seen.AppendLine((await host.ShellAsync(command)).ShouldEndWith(0).Out);
        var root = (await host.DockerAsync("info", "--format", "{{.DockerRootDir}}")).ShouldEndWith(0).Out.Trim();

        foreach (var hunt in (Hunt[])[files, variables])
        {
            hunt.InText(outputs.ToString(), "what commands printed").ShouldBeEmpty();
            hunt.InText(await host.Plane.LogAsync(), "the log").ShouldBeEmpty();
            hunt.InFiles(host.Plane.Folder).ShouldBeEmpty();
        }

        files.InText(seen.ToString(), "what the engine tells").ShouldBeEmpty();
        files.InFiles(root).ShouldBeEmpty();
        files.Seen.ShouldBeEmpty();
        variables.InText(seen.ToString(), "what the engine tells").ShouldHaveSingleItem("it would have been found");
        var kept = variables.InFiles(root);
        kept.ShouldAllBe(found => found.Contains("/config.v2.json", StringComparison.Ordinal) || found.Contains(ContainerdDatabase, StringComparison.Ordinal));
        kept.ShouldContain(found => found.Contains("/config.v2.json", StringComparison.Ordinal));

        await RunAsync("", "offboard", "alice", "--no-backup", "--yes");
        files.InFiles(root).ShouldBeEmpty();
        // Pages of containerd's database that are free hold what was in them until they are written again.
        variables.InFiles(root).ShouldAllBe(found => found.Contains(ContainerdDatabase, StringComparison.Ordinal));
    }
}
