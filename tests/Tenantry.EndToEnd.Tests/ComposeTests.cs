using System.Text.Json;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>
/// The rendered Compose file, run by docker-compose on a real engine. Most tests are named for what broke in a generator of such files that people
/// use: tenants of one small agent, a container each.
/// </summary>
public sealed class ComposeTests(ComposeTests.Project project) : IClassFixture<ComposeTests.Project>
{
    private DockerHost Host => project.Host!;

    [MachineFact("dockerd", "docker-compose")]
    public async Task DockerComposeAcceptsTheFileAndItsTenantsBecomeHealthy()
    {
        (await Host.ComposeAsync(project.Folder, "config", "-q")).ShouldEndWith(0);
        foreach (var tenant in Project.Tenants)
            await project.HealthyAsync(tenant);
        (await Host.ComposeAsync(project.Folder, "up", "-d")).ShouldEndWith(0).Error.ShouldContain("is up-to-date");
    }

    [ComposeTwoFact]
    public async Task ComposeTwoBringsTheTenantsOfTheFileUpHealthyToo()
    {
        // Every network has its own addresses: the same tenants are up once at a time.
        (await Host.ComposeAsync(project.Folder, "down")).ShouldEndWith(0);
        try
        {
            (await Host.ComposeTwoAsync(project.Folder, "config", "--quiet")).ShouldEndWith(0);
            (await Host.ComposeTwoAsync(project.Folder, "up", "-d", "--wait")).ShouldEndWith(0);

            foreach (var tenant in Project.Tenants)
            {
                var container = (await Host.ComposeTwoAsync(project.Folder, "ps", "-q", tenant)).ShouldEndWith(0).Out.Trim();
                var state = (await Host.DockerAsync("inspect", container)).ShouldEndWith(0).Json[0].GetProperty("State");
                state.GetProperty("Health").GetProperty("Status").GetString().ShouldBe("healthy");
                (await Host.DockerAsync("exec", container, "/bin/sh", "-c", "wget -q -O - http://127.0.0.1:8080/")).Out.ShouldBe($"Hello from {tenant}\n");
            }
        }
        finally
        {
            (await Host.ComposeTwoAsync(project.Folder, "down")).ShouldEndWith(0);
            (await Host.ComposeAsync(project.Folder, "up", "-d")).ShouldEndWith(0);
        }
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect1_TheConfigIsMountedWhereTheProgramReadsIt()
    {
        await project.HealthyAsync("shop-ahmad");

        (await project.ExecAsync("shop-ahmad", "wget -q -O - http://127.0.0.1:8080/")).Out.ShouldBe("Hello from shop-ahmad\n");
        (await project.ExecAsync("shop-ahmad", "echo x > /home/zeptoclaw/.zeptoclaw/config.json")).ExitCode.ShouldNotBe(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect2_AnEntrypointThatOwnsItsVolumeAgainDoesNotDieOfAReadOnlyFileInIt()
    {
        await project.HealthyAsync("shop-ahmad");

        (await project.InspectAsync("shop-ahmad")).GetProperty("RestartCount").GetInt32().ShouldBe(0);
        (await project.ExecAsync("shop-ahmad", "busybox chown -R 1000:1000 /data && echo more > /data/more")).ShouldEndWith(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect3_TenantsDoNotReachEachOther()
    {
        await project.HealthyAsync("shop-fatimah");
        var victim = (await project.InspectAsync("shop-fatimah")).GetProperty("NetworkSettings").GetProperty("Networks").EnumerateObject().Single();
        var attack = $"timeout 3 wget -q -O - http://{victim.Value.GetProperty("IPAddress").GetString()}:8080/";

        (await project.ExecAsync("shop-ahmad", "busybox " + attack)).ExitCode.ShouldNotBe(0);
        (await project.ExecAsync("shop-ahmad", "busybox timeout 3 wget -q -O - http://shop-fatimah:8080/")).ExitCode.ShouldNotBe(0);

        (await Host.DockerAsync("network", "connect", victim.Name, await project.ContainerAsync("shop-ahmad"))).ShouldEndWith(0);
        (await project.ExecAsync("shop-ahmad", "busybox " + attack)).Out.ShouldBe("Hello from shop-fatimah\n", "the attack works where a network is shared");
        (await Host.DockerAsync("network", "disconnect", victim.Name, await project.ContainerAsync("shop-ahmad"))).ShouldEndWith(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect4_ATenantThatLeavesIsNamedAndOverridesOutliveTheNextFile()
    {
        var folder = Host.NewFolder();
        var overrides = Path.Combine(folder, "mine.yaml");
        await File.WriteAllTextAsync(overrides, "services:\n  shop-ahmad:\n    deploy: { resources: { limits: { memory: 64M } } }\n");
        File.Copy(project.File, Path.Combine(folder, "compose.yaml"));

        var fewer = await project.RenderAsync(folder, "shop-ahmad", "shop-fatimah", "--overrides", overrides);

        fewer.ShouldEndWith(0).Error.ShouldContain("No longer in the file: shop-ali.");
        fewer.Error.ShouldContain("--remove-orphans");
        foreach (var _ in (int[])[1, 2])
        {
            (await project.RenderAsync(folder, "--overrides", overrides)).ShouldEndWith(0);
            (await Host.ComposeAsync(folder, "config")).ShouldEndWith(0).Out.ShouldContain("mem_limit: 64M");
        }

        (await File.ReadAllTextAsync(overrides)).ShouldContain("64M");
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect5_ConfigIsForItsContainersUserAloneAndNoSecretIsInAnyFileOrCommandLine()
    {
        const string Canary = "sk-canary-of-ahmad";
        (await Host.Plane.CallWithInputAsync(Canary, "secret", "set", "shop-ahmad", "anthropic-api-key")).ShouldEndWith(0);
        var folder = Host.NewFolder();

        var run = await project.RenderAsync(folder);

        run.ShouldEndWith(0).Error.ShouldContain("compose.files/shop-ahmad/secrets/anthropic-api-key");
        var config = Directory.GetFiles(folder, "*config.json", SearchOption.AllDirectories);
        config.Length.ShouldBe(Project.Tenants.Length);
        foreach (var file in config)
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (await Finished.RunAsync("stat", ["-c", "%u:%g", file])).Out.ShouldBe("1000:1000\n");
        }

        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            (await File.ReadAllTextAsync(file)).ShouldNotContain(Canary);
        (await Host.ComposeAsync(folder, "config", "-q")).ShouldEndWith(1).Error.ShouldContain("set it to the secret anthropic-api-key of shop-ahmad");
        (await Host.Plane.CallAsync("secret", "unset", "shop-ahmad", "anthropic-api-key", "--yes")).ShouldEndWith(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect6_ARenderThatFailedHalfwayCanSimplyBeRepeated()
    {
        var folder = Host.NewFolder();
        var inTheWay = Path.Combine(folder, "compose.files");
        await File.WriteAllTextAsync(inTheWay, "");

        (await project.RenderAsync(folder)).ExitCode.ShouldNotBe(0);
        File.Exists(Path.Combine(folder, "compose.yaml")).ShouldBeFalse();
        File.Delete(inTheWay);
        (await project.RenderAsync(folder)).ShouldEndWith(0);
        (await project.RenderAsync(folder)).ShouldEndWith(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect7_TheVolumeOfATenantThatDoesNotRunIsFoundByItsLabelWhateverTheProjectIsCalled()
    {
        (await Host.ComposeAsync(project.Folder, "stop", "shop-ali")).ShouldEndWith(0);

        var found = await Host.DockerAsync("volume", "ls", "-q", "--filter", "label=tenantry.tenant=shop-ali", "--filter", "label=com.docker.compose.volume=shop-ali-data");

        found.Out.Trim().ShouldEndWith("_shop-ali-data");
        (await Host.ComposeAsync(project.Folder, "start", "shop-ali")).ShouldEndWith(0);
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect8_TheHealthCheckUsesAProgramThatTheImageHas()
    {
        await project.HealthyAsync("shop-ahmad");

        var last = (await project.InspectAsync("shop-ahmad")).GetProperty("State").GetProperty("Health").GetProperty("Log").EnumerateArray().Last();
        (last.GetProperty("ExitCode").GetInt32(), last.GetProperty("Output").GetString()).ShouldBe((0, ""));
        (await project.ExecAsync("shop-ahmad", "pgrep zeptoclaw")).ExitCode.ShouldBe(127, "what the documents of the other generator ask with");
    }

    [MachineFact("dockerd", "docker-compose")]
    public async Task Defect9_ARenderThatFailsLeavesTheFileAsItWas()
    {
        var folder = Host.NewFolder();
        (await project.RenderAsync(folder)).ShouldEndWith(0);
        var file = Path.Combine(folder, "compose.yaml");
        var before = await File.ReadAllBytesAsync(file);
        var overrides = Path.Combine(folder, "mine.yaml");
        await File.WriteAllTextAsync(overrides, "services: { shop-ahmad: { privileged: true } }");

        (await project.RenderAsync(folder, "--overrides", overrides)).ShouldEndWith(2);
        (await project.RenderAsync(folder, "--server", $"unix:{folder}/nobody.sock")).ShouldEndWith(7);

        (await File.ReadAllBytesAsync(file)).ShouldBe(before);
        (await project.RenderAsync(folder)).ShouldEndWith(0);
        (await File.ReadAllBytesAsync(file)).ShouldBe(before, "the same instances give the same file");
    }

    private sealed class ComposeTwoFactAttribute : FactAttribute
    {
        public ComposeTwoFactAttribute() => Skip = Machine.WhyNot(["dockerd", "docker-compose"]) ?? (DockerHost.ComposeTwo is null ? "skipped: needs Compose 2, a plugin of docker (docker-compose of Debian 13, docker-compose-v2 of Ubuntu)." : null);
    }

    /// <summary>Three tenants, rendered and started once for all tests.</summary>
    public sealed class Project : IAsyncLifetime
    {
        internal static readonly string[] Tenants = ["shop-ahmad", "shop-ali", "shop-fatimah"];

        internal DockerHost? Host { get; private set; }

        internal string Folder { get; private set; } = "";

        internal string File => Path.Combine(Folder, "compose.yaml");

        public async Task InitializeAsync()
        {
            if (Machine.WhyNot(["dockerd", "docker-compose"]) is not null)
                return;
            Host = await DockerHost.StartAsync();
            Folder = Host.NewFolder();
            await Host.ApplyAgentAsync();
            foreach (var tenant in Tenants)
                (await Host.Plane.CallAsync("tenant", "add", tenant, "--app", "zeptoclaw-like")).ShouldEndWith(0);
            (await RenderAsync(Folder)).ShouldEndWith(0);
            (await Host.ComposeAsync(Folder, "up", "-d")).ShouldEndWith(0);
        }

        public async Task DisposeAsync()
        {
            if (Host is not null)
                await Host.DisposeAsync();
        }

        internal Task<Finished> RenderAsync(string folder, params string[] more) => Host!.Plane.CallAsync(["render", "compose", "--output", Path.Combine(folder, "compose.yaml"), .. more]);

        internal async Task<string> ContainerAsync(string tenant) => (await Host!.ComposeAsync(Folder, "ps", "-q", tenant)).ShouldEndWith(0).Out.Trim();

        internal async Task<JsonElement> InspectAsync(string tenant) => (await Host!.DockerAsync("inspect", await ContainerAsync(tenant))).ShouldEndWith(0).Json[0];

        internal async Task<Finished> ExecAsync(string tenant, string script) => await Host!.DockerAsync("exec", await ContainerAsync(tenant), "/bin/sh", "-c", script);

        internal Task HealthyAsync(string tenant) => Eventually.HoldsAsync(async () =>
        {
            var state = (await InspectAsync(tenant)).GetProperty("State");
            return (state.GetProperty("Health").GetProperty("Status").GetString() == "healthy", state.ToString());
        });
    }
}
