using System.Diagnostics;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker.Compose;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker.Compose;

/// <summary>Dollars, which Compose reads as variables, through a real docker-compose.</summary>
public class ComposeDollarTests
{
    [NeedsComposeFact]
    public async Task ADollarOfAValueComesOutOfDockerComposeAsItIs()
    {
        using var folder = new TemporaryFolder();
        var sample = SampleApp.Make("alice", "owner");
        var web = sample.Services[0] with
        {
            Image = "registry.example/app:1",
            Command = ["/bin/sh", "-c", "echo $HOME ${NOT} $$"],
            Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["PRICE"] = "5 $HOME ${NOT} $${X} $", ["TOKEN"] = $"a$b {SecretMarks.Of("token")}" },
            Volumes = [],
            Files = [],
        };
        var workload = sample with { Ref = new InstanceRef("id-of-alice", "alice", "owner"), Release = new ReleaseSource("release-1", "", null), Services = [web], Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = SecretMarks.Of("token") } };
        var rendered = ComposeRenderer.Render([workload], new ComposeOptions(), ComposeOverrides.None);
        await File.WriteAllTextAsync(folder.File("compose.yaml"), rendered.Text);
        await File.WriteAllTextAsync(folder.File(".env"), $"{rendered.Variables.Single().Name}='s$ecret $$x#y'\n");

        using var compose = Process.Start(new ProcessStartInfo(Programs.Find("docker-compose")!, ["-f", "compose.yaml", "config"])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NOT"] = "put in", ["X"] = "put in", ["b"] = "put in" },
        })!;
        var (output, error) = (compose.StandardOutput.ReadToEndAsync(), compose.StandardError.ReadToEndAsync());
        await compose.WaitForExitAsync();

        compose.ExitCode.ShouldBe(0, await error);
        // It doubles the dollars of what it prints again.
        var lines = (await output).Split('\n').Select(line => line.Trim()).ToList();
        lines.ShouldContain("PRICE: 5 $$HOME $${NOT} $$$${X} $$");
        lines.ShouldContain("TOKEN: a$$b s$$ecret $$$$x#y");
        lines.ShouldContain("- echo $$HOME $${NOT} $$$$");
        (await output).ShouldNotContain("put in");
    }
}

/// <summary>A test that needs docker-compose and no engine; says so when it is skipped.</summary>
public sealed class NeedsComposeFactAttribute : FactAttribute
{
    public NeedsComposeFactAttribute() => Skip = Programs.Find("docker-compose") is null ? "skipped: needs docker-compose" : null;
}
