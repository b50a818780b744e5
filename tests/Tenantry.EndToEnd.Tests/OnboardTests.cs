using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Server.Tests.LlmKeys;

namespace Tenantry.EndToEnd.Tests;

/// <summary>From an e-mail address to an answering instance with a capped LLM key, and back to nothing, on the target local against a peer that speaks OpenRouter's API.</summary>
public class OnboardTests(OnboardHost host) : IClassFixture<OnboardHost>
{
    private static readonly string[] User = ["onboard", "--email", "user@example.com", "--name", "User Name", "--app", "agent"];

    [MachineFact]
    public async Task Defect7AndDefect8ACustomerGetsAnAnsweringInstanceWithACappedKeyOnceAndNothingIsLeftAfterwards()
    {
        await using var peer = await OpenRouterPeer.StartAsync();
        peer.AddStrangers(250);
        await using var plane = await OnboardHost.StartAsync(peer, poll: "1s");
        using var visitor = new Visitor();

        var onboarded = (await plane.CallAsync([.. User, "-o", "json"])).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "user.localhost", HttpStatusCode.OK, "agent of User Name");
        var key = Key(peer, "user");
        (key.Limit, key.Reset).ShouldBe((5m, "monthly"));
        var environ = (await plane.CallAsync("exec", "user", "--", "/bin/busybox", "cat", "/proc/1/environ")).ShouldEndWith(0).Out.Split('\0');
        environ.ShouldContain("OPENROUTER_API_KEY=" + key.Text);
        (await AskAsync(peer, key.Text)).GetProperty("limit").GetDecimal().ShouldBe(5);

        // Defect 8 of the script that this comes from: it printed the token.
        var token = environ.Single(line => line.StartsWith("GATEWAY_TOKEN=", StringComparison.Ordinal))["GATEWAY_TOKEN=".Length..];
        token.Length.ShouldBe(64);
        foreach (var secret in (string[])[token, key.Text, OpenRouterPeer.ManagementKey])
            (onboarded.Out + onboarded.Error + await plane.LogAsync() + (await plane.CallAsync("operations", "-o", "json")).Out).ShouldNotContain(secret);
        onboarded.Json.GetProperty("tenant").GetProperty("owner").GetString().ShouldBe("user@example.com");
        onboarded.Json.GetProperty("signIn")[0].GetString()!.ShouldContain("tenantry exec user -- cat /run/secrets/gateway-token");

        // Again: it is found, and nothing is made a second time.
        var asked = peer.Requests.Count(request => request.Method == "POST");
        var again = (await plane.CallAsync([.. User, "-o", "json"])).ShouldEndWith(0);
        again.Json.GetProperty("outcome").GetString().ShouldBe("unchanged");
        again.Error.ShouldContain("Say --yes to redeploy");
        var redeployed = (await plane.CallAsync([.. User, "--yes", "-o", "json"])).ShouldEndWith(0);
        redeployed.Json.GetProperty("outcome").GetString().ShouldBe("redeployed");
        Key(peer, "user").Hash.ShouldBe(key.Hash);
        peer.Requests.Count(request => request.Method == "POST").ShouldBe(asked);

        // The tier's limit and the cents of the command line.
        (await plane.CallAsync("tenant", "set", "user", "--tier", "standard-2")).ShouldEndWith(0);
        Key(peer, "user").Limit.ShouldBe(12.50m);
        (await plane.CallAsync("llm", "limit", "user", "--limit", "500")).ShouldEndWith(0);
        Key(peer, "user").Limit.ShouldBe(5);
        (await plane.CallAsync("llm", "limit", "user", "--limit", "$7.25")).ShouldEndWith(0);
        Key(peer, "user").Limit.ShouldBe(7.25m);
        (await plane.CallAsync("llm", "rotate", "user")).ShouldEndWith(0);
        var rotated = Key(peer, "user");
        rotated.Hash.ShouldNotBe(key.Hash);
        (await plane.CallAsync("exec", "user", "--", "/bin/busybox", "cat", "/proc/1/environ")).ShouldEndWith(0).Out.ShouldContain(rotated.Text);
        rotated.Spent = 6;
        await Eventually.HoldsAsync(async () =>
        {
            var shown = await plane.JsonAsync("llm", "show", "user");
            return (shown[0].GetProperty("usage") is { ValueKind: JsonValueKind.Object } usage && usage.GetProperty("percent").GetInt32() == 82, shown.ToString());
        });

        var folder = Path.Combine(plane.Folder, "last");
        var gone = (await plane.CallAsync("offboard", "user", "--backup", folder, "--yes")).ShouldEndWith(0);
        gone.Out.ShouldContain("user is gone, and nothing of it is left");
        gone.Out.ShouldContain("delete llm-key llm-key");
        File.Exists(Path.Combine(folder, "user.tar")).ShouldBeTrue();
        peer.Keys.ShouldAllBe(one => one.Name.StartsWith("stranger", StringComparison.Ordinal));
        peer.Keys.Count.ShouldBe(250);
        Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup).ShouldBeEmpty();
        await visitor.AnswersAsync(plane, "user.localhost", HttpStatusCode.NotFound);
    }

    [MachineFact]
    public async Task TheEngineIsKilledAtEveryRequestToTheProviderAndThereIsNeverASecondKey()
    {
        var (peer, plane) = await host.FreshAsync();
        foreach (var isBefore in (bool[])[true, false])
        {
            for (var number = 1; ; number++)
            {
                number.ShouldBeLessThan(20);
                var hasKilled = KillAt(peer, plane, number, isBefore);
                await RestartDuringAsync(plane, plane.CallAsync([.. User, "--timeout", "3m"]));
                (await plane.CallAsync(User)).ShouldEndWith(0);

                peer.Keys.ShouldHaveSingleItem();
                var wasKilled = hasKilled();
                var removesAt = KillAt(peer, plane, number, isBefore);
                await RestartDuringAsync(plane, plane.CallAsync("offboard", "user", "--no-backup", "--yes", "--timeout", "3m"));
                await Eventually.HoldsAsync(async () => (await plane.Client.Tenants.FindAsync("user") is null, "the tenant is still there"));
                peer.Keys.ShouldBeEmpty();
                (await plane.Client.Targets.GetOrphansAsync()).Items.ShouldBeEmpty();
                if (!wasKilled && !removesAt())
                    break;
            }
        }
    }

    [MachineFact]
    public async Task TheEngineIsKilledAtEveryStepOfTheKeyAndTheCommandItselfInTheMiddleAndItGoesOn()
    {
        var (peer, plane) = await host.FreshAsync();
        for (var boundary = 2; boundary <= 3; boundary++)
        {
            await plane.KillAsync();
            await plane.StartAsync($"create:{boundary}");
            await RestartDuringAsync(plane, plane.CallAsync([.. User, "--timeout", "3m"]));
            (await plane.CallAsync(User)).ShouldEndWith(0);
            peer.Keys.ShouldHaveSingleItem();
            (await plane.CallAsync("offboard", "user", "--no-backup", "--yes")).ShouldEndWith(0);
            peer.Keys.ShouldBeEmpty();
        }

        // The command is killed while the key is being made: the control plane goes on, and the next run finds what there is.
        using var command = Process.Start(new ProcessStartInfo(await TenantryProgram.BuildAsync(), User) { Environment = { ["TENANTRY_DATA"] = plane.Folder }, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var once = 0;
        peer.Before = request =>
        {
            if (request.Method == "POST" && Interlocked.Exchange(ref once, 1) == 0)
                command.Kill();
            return null;
        };
        await command.WaitForExitAsync().WaitAsync(Eventually.Limit * 4);
        var end = (await plane.CallAsync([.. User, "-o", "json"])).ShouldEndWith(0);
        end.Json.GetProperty("instance").GetProperty("phase").GetString().ShouldBe("Running");
        peer.Keys.ShouldHaveSingleItem();
    }

    [MachineFact]
    public async Task Defect8ADryRunLeavesTheStoreByteIdenticalAndAsksTheProviderNothing()
    {
        var (peer, plane) = await host.FreshAsync();
        var before = await StoreAsync(plane);

        var plan = (await plane.CallAsync([.. User, "--limit", "500", "--dry-run"])).ShouldEndWith(0);

        plan.Out.ShouldContain("Tenant user, owned by user@example.com.");
        plan.Out.ShouldContain("llm-key");
        plan.Out.ShouldContain("at most $5 monthly");
        (await StoreAsync(plane)).ShouldBe(before);
        peer.Requests.ShouldBeEmpty();
        (await plane.Client.Tenants.FindAsync("user")).ShouldBeNull();
    }

    [MachineFact]
    public async Task ManyCustomersAreOnboardedFromAFileWithOneReportAndASecondRunGoesOnWithThoseThatFailed()
    {
        var (peer, plane) = await host.FreshAsync();
        var file = Path.Combine(plane.Folder, "customers.csv");
        await File.WriteAllTextAsync(file, """
            email,name,tier,limit
            ann@a.example,"Smith, Ann",,
            ann@b.example,Ann Other,standard-2,
            bob@example.com,Bob,,$3
            carol@example.com,Carol,,250
            """);
        // Whose key is asked for as the third does not get one.
        var asked = 0;
        peer.Before = request => request.Method == "POST" && Interlocked.Increment(ref asked) == 3 ? PeerFault.Error(400, "Not today") : null;

        var first = await plane.CallAsync("onboard", "--from", file, "--app", "agent", "--parallel", "2", "-o", "json");
        first.ExitCode.ShouldBe(1, first.Error);
        first.Out.ShouldContain("Not today");
        var second = (await plane.CallAsync("onboard", "--from", file, "--app", "agent", "--parallel", "2", "-o", "json")).ShouldEndWith(0);

        second.Json.EnumerateArray().Select(one => one.GetProperty("tenant").GetString()).ShouldBe(["ann", "ann-b", "bob", "carol"]);
        second.Json.EnumerateArray().Count(one => one.GetProperty("outcome").GetString() == "unchanged").ShouldBe(3);
        peer.Keys.Count.ShouldBe(4);
        (Key(peer, "ann").Limit, Key(peer, "ann-b").Limit, Key(peer, "bob").Limit, Key(peer, "carol").Limit).ShouldBe((5m, 12.50m, 3m, 2.50m));
    }

    [MachineTheory]
    [InlineData("llm-keys.md")]
    [InlineData("onboarding.md")]
    public async Task WhatTheGuideShowsIsWhatHappens(string page)
    {
        await using var peer = await OpenRouterPeer.StartAsync();
        await using var plane = await OnboardHost.StartAsync(peer, poll: "1h");
        var folder = Directory.CreateDirectory(Path.Combine(plane.Folder, "guide")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "management-key.txt"), OpenRouterPeer.ManagementKey);
        await File.WriteAllTextAsync(Path.Combine(folder, "customers.csv"), "email,name,tier,limit\nann@example.com,\"Smith, Ann\",standard-2,\nbob@example.com,Bob,,$3\n");
        var steps = Transcript.Of(page);

        steps.Count.ShouldBeGreaterThan(4);
        foreach (var step in steps)
            await step.RunAsync(plane, folder, new Dictionary<string, string?>(StringComparer.Ordinal) { ["PEER"] = peer.BaseUrl });
    }

    private static PeerKey Key(OpenRouterPeer peer, string slug) => peer.Keys.Where(key => key.Name.StartsWith($"tenantry/{slug}/", StringComparison.Ordinal)).ShouldHaveSingleItem();

    private static async Task<JsonElement> AskAsync(OpenRouterPeer peer, string text)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, peer.BaseUrl + "/key") { Headers = { Authorization = new("Bearer", text) } };
        using var answer = await http.SendAsync(request);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("data");
    }

    // As kill -9 does, once, in the middle of the n-th request from now on.
    private static Func<bool> KillAt(OpenRouterPeer peer, ControlPlane plane, int number, bool isBefore)
    {
        var (seen, hasKilled) = (0, false);
        var pid = plane.Pid;
        PeerFault? Meet()
        {
            if (Interlocked.Increment(ref seen) != number)
                return null;
            hasKilled = true;
            Process.GetProcessById(pid).Kill();
            return PeerFault.Cut;
        }

        peer.Before = _ => isBefore ? Meet() : null;
        peer.After = _ => isBefore ? null : Meet();
        return () => hasKilled;
    }

    // Starts the control plane anew when it is killed during the call, whose own end does not matter.
    private static async Task RestartDuringAsync(ControlPlane plane, Task<Finished> call)
    {
        await Eventually.HoldsAsync(() => (plane.HasEnded || call.IsCompleted, "running"));
        if (plane.HasEnded)
        {
            await plane.EndedAsync();
            await plane.StartAsync();
        }

        await call;
    }

    private static async Task<string> StoreAsync(ControlPlane plane)
    {
        var text = "";
        foreach (var file in Directory.GetFiles(Path.Combine(plane.Folder, "store"), "tenantry.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            text += $"{Path.GetFileName(file)} {Convert.ToHexStringLower(await SHA256.HashDataAsync(stream))}\n";
        }

        return text;
    }
}
