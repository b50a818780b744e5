using System.Collections.Concurrent;
using System.Net;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Real instances on the target local that are restarted under those who use them.</summary>
public class RestartTests
{
    private static string App(string name) => Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", name);

    [MachineFact]
    public async Task NoRequestIsLostWhileAnAppThatTakesThreeSecondsToStartIsRestarted()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", App("slow"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "slow")).ShouldEndWith(0);
        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "here at last");

        var answers = new ConcurrentQueue<string>();
        var isRestarted = false;
        var asking = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!Volatile.Read(ref isRestarted))
            {
                var seen = await visitor.GetAsync(plane, "alice.localhost");
                answers.Enqueue($"{(int)seen.Status} {(seen.Status == HttpStatusCode.OK ? "" : seen.Body)}");
                await Task.Delay(20);
            }
        }).ToList();
        var work = visitor.PostAsync(plane, "alice.localhost", "/cgi-bin/work", "now");
        await Task.Delay(200);
        (await plane.CallAsync("restart", "alice")).ShouldEndWith(0);
        (await work).ShouldBe((HttpStatusCode.OK, "worked"), "what cannot be sent a second time ends before its app does");
        Volatile.Write(ref isRestarted, true);
        await Task.WhenAll(asking);

        answers.Distinct().ShouldBe(["200 "]);
        answers.Count.ShouldBeGreaterThan(8, "some before it and some after it");
    }
}
