using System.Diagnostics;
using System.Text.RegularExpressions;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Targets.Tests.Aws;

namespace Tenantry.EndToEnd.Tests;

/// <summary>The control plane dies while the real Terraform makes an instance.</summary>
public sealed class AwsCrashTests
{
    private const string Manifest = """
        app: shop
        version: "1"
        services:
          web:
            image: public.ecr.aws/docker/library/busybox@sha256:0000000000000000000000000000000000000000000000000000000000000001
            command: [busybox, httpd, -f, -p, "8080"]
            ports: [8080]
        egress: internet
        tiers:
          small: { memory: 512MB, cpu: 0.25 }
        """;

    // Of the first client Terraform outlives the control plane, of the second it dies with it, as when a machine loses its power.
    [NeedsTerraformFact]
    public async Task KilledInTheMiddleOfAnApplyNoLockIsLeftAndNothingIsDoubled()
    {
        var emulator = new AwsEmulatorFixture();
        await emulator.InitializeAsync();
        try
        {
            await using var plane = new ControlPlane();
            RealTerraform.Use(plane.Folder);
            await plane.StartAsync();
            (await plane.CallAsync(
                "target", "add", "aws", "--option", $"region={AwsEmulatorFixture.Region}", "--option", $"endpoint={emulator.Endpoint}", "--option", $"state=s3://{AwsEmulatorFixture.Bucket}/prod",
                "--option", "entrance=address", "--option", "project=demo")).ShouldEndWith(0);
            var manifest = Path.Combine(plane.Folder, "tenantry.yaml");
            await File.WriteAllTextAsync(manifest, Manifest);
            (await plane.CallAsync("app", "apply", "-f", manifest)).ShouldEndWith(0);
            foreach (var client in Clients)
                (await plane.CallAsync("tenant", "add", client, "--app", "shop", "--target", "aws", "--no-wait")).ShouldEndWith(0);

            // A network is there and the provider still waits for it: in the middle.
            foreach (var client in Clients)
                await UntilAsync(async () => await CountAsync(emulator, client) == 1);
            await plane.KillAsync();
            await EndTerraformAsync(plane, "client2");
            foreach (var client in Clients)
                (await IsHeldAsync(emulator, client)).ShouldBeTrue($"{client}: Terraform goes on, or died, and its lock is there");

            await plane.StartAsync();
            foreach (var client in Clients)
            {
                await UntilAsync(async () => (await plane.JsonAsync("status", client)).GetProperty("phase").GetString() == "Running");
                (await IsHeldAsync(emulator, client)).ShouldBeFalse("no lock is left");
                (await CountAsync(emulator, client)).ShouldBe(1);
                Regex.Count(await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}"), $"cluster/tn-{client}").ShouldBe(1);
                (await plane.CallAsync("target", "unlock", client, "--yes")).ShouldEndWith(0).Out.ShouldContain($"Nobody holds the state of {client}.");
            }

            (await plane.JsonAsync("network", "list")).EnumerateArray().Select(one => one.GetProperty("network").GetString()).ShouldBe(["10.0.0.0/16", "10.1.0.0/16"], ignoreOrder: true);

            // All that was made goes with the emulator: nothing has to be taken down.
            await plane.KillAsync();
            File.Delete(Path.Combine(plane.Folder, "store", "tenantry.db"));
        }
        finally
        {
            await emulator.DisposeAsync();
        }
    }

    // Each run of the real program takes seconds of processor time, and many on a busy machine.
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(7));
        while (!await holds())
            await Task.Delay(100, limit.Token);
    }

    private static readonly string[] Clients = ["client1", "client2"];

    // With its provider: it is a session of its own.
    private static async Task EndTerraformAsync(ControlPlane plane, string client)
    {
        var run = await File.ReadAllTextAsync(Path.Combine(plane.Folder, "targets", "aws", "runs", $"{client}-prod.run.json"));
        var pid = Regex.Match(run, "\"pid\": ?([0-9]+)", RegexOptions.IgnoreCase).Groups[1].Value;
        using var kill = Process.Start("kill", ["-9", "--", $"-{pid}"]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0, run);
    }

    private static async Task<int> CountAsync(AwsEmulatorFixture emulator, string client)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Post, "", "ec2", "Action=DescribeVpcs&Version=2016-11-15");
        return Regex.Count(await answer.Content.ReadAsStringAsync(), $"<value>tn-{client}-[0-9a-f]+</value>");
    }

    private static async Task<bool> IsHeldAsync(AwsEmulatorFixture emulator, string client)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/prod/states/{client}-prod/instance.tfstate.tflock", "s3");
        return answer.IsSuccessStatusCode;
    }
}
