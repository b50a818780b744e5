using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Tenants that docker-compose runs are taken over, data and all.</summary>
public class ImportTests
{
    // Not well before its data is there: an app that was started on an empty volume first could not be taken over.
    private const string Compose = """
        x-defaults: &defaults
          image: tenantry-test:1
          restart: unless-stopped
          entrypoint: ["/bin/busybox", "sh", "-c", "busybox mkdir -p /tmp/www; while ! test -e /data/deep/precious; do busybox sleep 0.1; done; echo ok > /tmp/www/healthz; exec busybox httpd -f -p 9090 -h /tmp/www"]
          expose: ["9090"]
          healthcheck: { test: ["CMD-SHELL", "wget -qO- http://localhost:9090/healthz || exit 1"], interval: 2s }
        services:
          tenant-ahmad:
            <<: *defaults
            environment: { BOT_TOKEN: "123:canary-of-ahmad" }
            volumes: ["ahmad-data:/data", "./ahmad.json:/data/config.json:ro"]
            labels: { com.example.tenant: ahmad }
          tenant-fatimah:
            <<: *defaults
            restart: always
            environment: { BOT_TOKEN: "456:canary-of-fatimah" }
            volumes: ["fatimah-data:/data", "./fatimah.json:/data/config.json:ro"]
            labels: { com.example.tenant: fatimah }
        volumes: { ahmad-data: {}, fatimah-data: {} }
        """;

    [MachineFact("dockerd", "docker-compose")]
    public async Task TenantsOfAComposeFileAreTakenOverWithTheirDataAndTheirOldContainersStay()
    {
        await using var host = await DockerHost.StartAsync();
        var file = await UpAsync(host);

        var plan = await host.Plane.CallAsync("import", "compose", file, "--app", "agent");
        plan.ShouldEndWith(0).Out.ShouldContain("Nothing was changed.");
        (plan.Out + plan.Error).ShouldNotContain("canary");
        (await host.Plane.JsonAsync("app", "list")).GetArrayLength().ShouldBe(0);

        var run = await host.Plane.CallAsync("import", "compose", file, "--app", "agent", "--apply", "--engine", $"unix://{host.Engine.Socket}");

        (run.ShouldEndWith(0).Out + run.Error).ShouldNotContain("canary");
        foreach (var tenant in (string[])["ahmad", "fatimah"])
        {
            var seen = await host.Plane.CallAsync("exec", tenant, "--", "/bin/busybox", "sh", "-c", "busybox cat /data/deep/precious /data/config.json; echo more > /data/deep/more; echo; echo $BOT_TOKEN");
            seen.ShouldEndWith(0).Out.ShouldStartWith($"of {tenant}\nconfig of {tenant}\n");
            seen.Out.ShouldContain($"canary-of-{tenant}");
        }

        (await host.DockerAsync("ps", "-q", "--filter", "label=com.docker.compose.project=old")).Out.ShouldBe("", "they are stopped");
        (await host.DockerAsync("ps", "-aq", "--filter", "label=com.docker.compose.project=old")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2, "and there");
        (await host.Plane.CallAsync("import", "compose", file, "--app", "agent", "--apply", "--engine", $"unix://{host.Engine.Socket}")).ShouldEndWith(0).Error.ShouldContain("left alone");
    }

    // It was told and had to be done by hand; and what is always to run came back beside its instance.
    [MachineFact("dockerd", "docker", "docker-compose")]
    public async Task AnImportThatIsKilledGoesOnWhereItStoppedAndNoOldContainerComesBackWithTheEngine()
    {
        await using var host = await DockerHost.StartAsync();
        var file = await UpAsync(host);
        string[] import = ["import", "compose", file, "--app", "agent", "--apply", "--engine", $"unix://{host.Engine.Socket}"];

        // Once when there is an instance without its data, once when the second old container was just stopped.
        await host.Plane.KilledAsync(async () => (await host.Plane.Client.Instances.ListAsync().AnyAsync(), "no instance"), import);
        await host.Plane.KilledAsync(async () => ((await host.DockerAsync("ps", "-q", "--filter", "label=com.docker.compose.project=old")).Out.Length == 0, "an old one runs"), import);
        var run = await host.Plane.CallAsync(import);

        run.ShouldEndWith(0);
        await host.Engine.RestartAsync();
        foreach (var tenant in (string[])["ahmad", "fatimah"])
        {
            await Eventually.HoldsAsync(async () =>
            {
                var seen = await host.Plane.CallAsync("exec", tenant, "--", "/bin/busybox", "sh", "-c", "busybox cat /data/deep/precious /data/config.json; echo; echo $BOT_TOKEN");
                return (seen.ExitCode == 0 && seen.Out.StartsWith($"of {tenant}\nconfig of {tenant}\n", StringComparison.Ordinal) && seen.Out.Contains($"canary-of-{tenant}", StringComparison.Ordinal), seen.Out + seen.Error);
            });
        }

        (await host.DockerAsync("ps", "-aq", "--filter", "label=com.docker.compose.project=old")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2, "they are there");
        (await host.DockerAsync("ps", "-q", "--filter", "label=com.docker.compose.project=old")).Out.ShouldBe("", "and do not run");
        (await host.DockerAsync("ps", "-q", "--filter", "label=tenantry.slug")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2, "none is there twice");
        (await host.Plane.CallAsync(import)).ShouldEndWith(0).Error.ShouldContain("fatimah: there is a tenant of that name already; left alone.");
    }

    private static async Task<string> UpAsync(DockerHost host)
    {
        var folder = host.NewFolder();
        var file = Path.Combine(folder, "compose.yaml");
        await File.WriteAllTextAsync(file, Compose);
        foreach (var tenant in (string[])["ahmad", "fatimah"])
            await File.WriteAllTextAsync(Path.Combine(folder, tenant + ".json"), $"config of {tenant}");
        (await host.ComposeAsync(folder, "-p", "old", "up", "-d")).ShouldEndWith(0);
        foreach (var tenant in (string[])["ahmad", "fatimah"])
            (await host.ComposeAsync(folder, "-p", "old", "exec", "-T", $"tenant-{tenant}", "/bin/busybox", "sh", "-c", $"busybox mkdir /data/deep; echo of {tenant} > /data/deep/precious")).ShouldEndWith(0);
        return file;
    }
}
