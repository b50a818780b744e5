using System.Net;
using System.Text;
using Tenantry.EndToEnd.Tests.Running;

namespace Tenantry.EndToEnd.Tests;

/// <summary>What a sender and a browser meet when an instance is at rest.</summary>
public class MessageTests
{
    // What the app writes down of one that has no id.
    private const string AnsweredByTheApp = "undefined";

    private static string App(string name) => Path.Combine(Repository.Root, "tests", "Tenantry.EndToEnd.Tests", "Apps", name);

    [MachineFact("node")]
    public async Task WebhooksToASleepingTenantWhileEverythingIsKilledTwiceAreDeliveredInOrderAndWhatIsSentAgainIsTheSame()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", App("hooks"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "hooks")).ShouldEndWith(0);
        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);

        var sent = new List<string>();
        foreach (var body in (string[])["one", "two", "three"])
            sent.Add($"{await SendAsync(plane, "/hooks/x?from=" + body, body)} sig /hooks/x?from={body} {body}");
        sent[0].ShouldNotStartWith(AnsweredByTheApp);
        await plane.KillAsync();
        await plane.StartAsync();
        await plane.KillAsync();
        await plane.StartAsync();

        await visitor.AnswersAsync(plane, "alice.localhost", HttpStatusCode.OK, "three", "/log");
        var delivered = (await visitor.GetAsync(plane, "alice.localhost", "/log")).Body.TrimEnd().Split('\n');
        // A kill between the app's answer and the removal of the file sends that one again; by its id, which is the same, an app knows it.
        delivered.Distinct(StringComparer.Ordinal).ShouldBe(sent, "each whole under its own id, and nothing else");
        delivered.Select(line => sent.IndexOf(line)).ShouldBeInOrder(SortDirection.Ascending);
        delivered.Length.ShouldBeInRange(sent.Count, sent.Count + 2, "at most one more for each kill");

        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);
        var refused = await SendAsync(plane, "/hooks/refused", "bad");
        await Eventually.HoldsAsync(async () =>
        {
            var hooks = await plane.JsonAsync("webhooks", "list", "alice");
            return (hooks.GetArrayLength() == 1 && hooks[0].GetProperty("state").GetString() == "dead" && hooks[0].GetProperty("reason").GetString()!.Contains("422", StringComparison.Ordinal), hooks.ToString());
        });
        (await plane.CallAsync("webhooks", "replay", "alice", refused)).ShouldEndWith(0);
        await Eventually.HoldsAsync(async () =>
        {
            var log = (await visitor.GetAsync(plane, "alice.localhost", "/log")).Body;
            var hooks = await plane.JsonAsync("webhooks", "list", "alice");
            return (log.Split(refused).Length == 3 && hooks.GetArrayLength() == 1 && hooks[0].GetProperty("state").GetString() == "dead", log + hooks);
        });
        (await plane.CallAsync("webhooks", "drop", "alice", refused)).ShouldEndWith(0);
        (await plane.JsonAsync("webhooks", "list", "alice")).GetArrayLength().ShouldBe(0);
        (await plane.CallAsync("webhooks", "drop", "alice", refused)).ShouldEndWith(3);
    }

    [MachineFact("chromium")]
    public async Task ABrowserSeesAWaitingPageThatTurnsIntoTheApp()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        await using var browser = await Browser.StartAsync();
        (await plane.CallAsync("app", "apply", "-f", App("slow"))).ShouldEndWith(0);
        (await plane.CallAsync("tenant", "add", "alice", "--app", "slow")).ShouldEndWith(0);
        (await plane.CallAsync("sleep", "alice")).ShouldEndWith(0);

        var page = await browser.OpenAsync(plane.Gateway.Replace("127.0.0.1", "alice.localhost", StringComparison.Ordinal));

        (await page.TitleAsync()).ShouldBe("alice is waking up");
        await page.WaitForSelectorAsync("#app");
        (await page.TextContentAsync("#app")).ShouldBe("here at last");
    }

    private static async Task<string> SendAsync(ControlPlane plane, string path, string body)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, plane.Gateway.TrimEnd('/') + path) { Content = new StringContent(body, Encoding.ASCII), Headers = { Host = "alice.localhost" } };
        request.Headers.Add("X-Signature", "sig");
        using var answer = await http.SendAsync(request);
        // Whoever comes when all before were delivered, as on a slow machine, is answered by the app.
        answer.StatusCode.ShouldBeOneOf(HttpStatusCode.Accepted, HttpStatusCode.OK);
        if (answer.StatusCode == HttpStatusCode.OK)
            return AnsweredByTheApp;
        return answer.Headers.GetValues("Tenantry-Delivery").Single();
    }
}
