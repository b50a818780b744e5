using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Idle instances rest and busy ones do not, on the target local, with the times of the policy in seconds.</summary>
public class SleepTests
{
    private static string App(string name) => Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", name);

    [MachineFact("node")]
    public async Task WhoIsIdleRestsAndWhoComputesOrTalksDoesNot()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        // The idle one last: on a slow machine it would have been frozen, and asleep, before anybody looks.
        foreach (var app in (string[])["burner", "socket", "idle"])
        {
            (await plane.CallAsync("app", "apply", "-f", App(app))).ShouldEndWith(0).Error.ShouldNotContain("not acted on");
            (await plane.CallAsync("tenant", "add", app, "--app", app)).ShouldEndWith(0);
        }

        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", "socket.localhost");
        await socket.ConnectAsync(new Uri(plane.Gateway.Replace("http:", "ws:", StringComparison.Ordinal)), CancellationToken.None);
        using var ending = new CancellationTokenSource();
        var pings = PingAsync(socket, ending.Token);

        var depths = new List<string>();
        await Eventually.HoldsAsync(async () =>
        {
            var idle = await plane.JsonAsync("status", "idle");
            depths.Add(idle.GetProperty("phase").GetString()!);
            return (depths[^1] == "Asleep", idle.ToString());
        });
        depths.ShouldContain("Frozen", "it freezes before it sleeps");
        await SaysAsync(plane, "burner", "Running", "cores");
        await SaysAsync(plane, "socket", "Running", "1 open stream");
        await ending.CancelAsync();
        await pings;
        socket.State.ShouldBe(WebSocketState.Open, "it was never cut");

        // With the socket closed nothing keeps it awake any more.
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        await Eventually.HoldsAsync(async () => Is(await plane.JsonAsync("status", "socket"), "Asleep"));

        await visitor.AnswersAsync(plane, "idle.localhost", HttpStatusCode.OK, "hi idle");
        (await plane.CallAsync("hold", "idle", "--down")).ShouldEndWith(0);
        (await visitor.GetAsync(plane, "idle.localhost")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable, "it is held down");
        (await plane.CallAsync("release", "idle")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "idle.localhost", HttpStatusCode.OK, "hi idle");
    }

    [MachineFact]
    public async Task AWakeSurvivesTheDeathOfEverythingInTheMiddleOfIt()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", App("idle"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "idle")).ShouldEndWith(0);
        for (var round = 0; round < 2; round++)
        {
            (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
            var asked = visitor.GetAsync(plane, "alice.localhost");
            await Task.Delay(round * 30);
            await plane.KillAsync();
            await asked.ContinueWith(_ => { }, TaskScheduler.Default);
            await plane.StartAsync();
            // A wake that is too slow for its health check is refused with a reason, and tried again when the next one asks.
            await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "hi alice");
        }
    }

    [MachineFact("wrk")]
    public async Task NoRequestIsLostWhileAnInstanceFreezesSleepsAndWakesUnderThem()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        (await plane.CallAsync("app", "apply", "-f", App("echo"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "echo")).ShouldEndWith(0);
        using var visitor = new Visitor();
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "hi alice");

        using var wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", "-c8", "-d60s", "--timeout", "60s", "-H", "Host: alice.localhost", plane.Gateway]) { RedirectStandardOutput = true })!;
        var output = wrk.StandardOutput.ReadToEndAsync();
        var posting = PostAsync(visitor, plane, "under load", () => wrk.HasExited, TimeSpan.FromMilliseconds(20));
        // As long as the machine needs for some of each; ended as from the keyboard, it says what it saw.
        for (var rests = 0; !wrk.HasExited && (rests < 8 || await WakesAsync(plane) is { Frozen: < 2 } or { Asleep: < 2 }); rests++)
        {
            (await plane.CallAsync(rests % 2 == 0 ? "freeze" : "sleep", "alice", "--no-wait")).ExitCode.ShouldBeOneOf(0, 4);
            await Task.Delay(300);
        }

        using var interrupt = Process.Start("kill", ["-INT", wrk.Id.ToString(CultureInfo.InvariantCulture)]);

        var said = await output;
        said.ShouldNotContain("Non-2xx");
        said.ShouldNotContain("Socket errors");
        (await posting).ShouldBeGreaterThan(5);
        // Calls alone are no rest: each wake was from one.
        var forced = await WakesAsync(plane);
        forced.Frozen.ShouldBeGreaterThan(1);
        forced.Asleep.ShouldBeGreaterThan(1);

        // By itself it rests in pauses that are about as long as its policy says, so that requests come as the gate closes.
        (await plane.CallAsync("wake", "alice")).ShouldEndWith(0);
        // As many rounds of them as the machine needs to let it rest twice.
        await Eventually.HoldsAsync(async () =>
        {
            var pauses = 0;
            await PostAsync(visitor, plane, "after a pause", () => pauses++ == 6, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300));
            var wakes = await WakesAsync(plane);
            return (wakes.Frozen > forced.Frozen + 1, $"{wakes} after {forced}");
        });
    }

    private static async Task<int> PostAsync(Visitor visitor, ControlPlane plane, string text, Func<bool> isOver, TimeSpan pause, TimeSpan more = default)
    {
        var count = 0;
        for (; !isOver(); count++)
        {
            await Task.Delay(pause + (count * more));
            (await visitor.PostAsync(plane, "alice.localhost", "/cgi-bin/echo", $"{text} {count}")).ShouldBe((HttpStatusCode.OK, $"{text} {count}"));
        }

        return count;
    }

    private static async Task<(int Frozen, int Asleep)> WakesAsync(ControlPlane plane)
    {
        var report = (await plane.JsonAsync("wake", "report", "--instance", "alice")).EnumerateArray().ToList();
        int From(string depth) => report.Where(row => row.GetProperty("from").GetString() == depth).Sum(row => row.GetProperty("count").GetInt32());
        return (From("Frozen"), From("Asleep"));
    }

    private static (bool Holds, string Seen) Is(JsonElement status, string phase) => (status.GetProperty("phase").GetString() == phase, status.ToString());

    private static async Task SaysAsync(ControlPlane plane, string slug, string phase, string rest)
    {
        var status = await plane.JsonAsync("status", slug);
        status.GetProperty("phase").GetString().ShouldBe(phase, status.ToString());
        status.GetProperty("rest").GetString()!.ShouldContain(rest);
    }

    private static async Task PingAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[64];
        for (var count = 0; count < 4 || !cancellationToken.IsCancellationRequested; count++)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"ping {count}"), WebSocketMessageType.Text, true, CancellationToken.None);
            var answer = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Eventually.Limit);
            Encoding.ASCII.GetString(buffer, 0, answer.Count).ShouldBe($"ping {count}");
            await Task.Delay(1000, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
