using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>Asks AWS itself for what an onboarding checklist names: secret, log, tasks, what the load balancer finds healthy, certificate, alarms, dashboard.</summary>
internal sealed class AwsLooks(AwsHost host, AwsObserver observer)
{
    private static readonly string[] Alarms = ["cpu", "memory"];
    private static readonly string[] AlarmsOfBalancer = ["errors", "unhealthy"];

    internal async Task<IReadOnlyList<LookedAt>> LookAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        if (await host.Store.FindAsync(instance, cancellationToken) is not { } record)
            return [];
        var aws = host.AwsOf(record.RoleArn);
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        var looks = new List<LookedAt>();
        if (record.SecretArn.Length > 0)
            looks.Add(await AskAsync($"its secret {observer.SecretName(record)} is there", async () => await new AppSecret(aws, observer.SecretName(record), record).FindAsync(cancellationToken) is null ? "there is none" : null));
        looks.Add(await AskAsync($"its log {observer.LogGroup(record)} is there", () => LogAsync(aws, record, cancellationToken)));
        looks.Add(await AskAsync("all its tasks run", () => TasksAsync(record, state, cancellationToken)));
        if (record.Variables["load_balancer"] is not null)
        {
            looks.Add(await AskAsync("the load balancer finds it healthy", () => TargetsAsync(aws, state, cancellationToken)));
            looks.Add(await AskAsync("the load balancer has a valid certificate", () => CertificateAsync(aws, record, cancellationToken)));
        }

        var isWatched = record.Variables["monitoring"]!["on"]!.GetValue<bool>();
        looks.Add(await AskAsync("its alarms are set and none rings", () => isWatched ? AlarmsAsync(aws, record, cancellationToken) : NotWatched()));
        looks.Add(await AskAsync("there is a dashboard", () => isWatched ? DashboardAsync(aws, record, cancellationToken) : NotWatched()));
        return looks;
    }

    // What cannot be looked at is not ticked, and says why.
    private static async Task<LookedAt> AskAsync(string what, Func<Task<string?>> missing)
    {
        try
        {
            var hint = await missing();
            return new LookedAt(what, hint is null, hint ?? "");
        }
        catch (AwsException error)
        {
            return new LookedAt(what, IsTrue: false, AwsErrors.Explain(error, "Asking AWS").Sentence);
        }
    }

    private async Task<string?> LogAsync(IAws aws, AwsRecord record, CancellationToken cancellationToken)
    {
        var name = observer.LogGroup(record);
        var answer = await aws.JsonAsync(AwsService.Logs, "DescribeLogGroups", new { logGroupNamePrefix = name }, cancellationToken);
        return answer.GetProperty("logGroups").EnumerateArray().Any(group => group.GetProperty("logGroupName").GetString() == name) ? null : "there is none: the next pass makes it";
    }

    private async Task<string?> TasksAsync(AwsRecord record, TerraformState state, CancellationToken cancellationToken)
    {
        var wanted = AwsObserver.TaskDefinition(state);
        if (await observer.TasksOf(record).FindAsync(cancellationToken) is not { } seen)
            return "there is no service";
        if (seen.IsOtherThan(wanted) || seen.IsGivenUp)
            return await observer.GivenUpAsync(record, seen, wanted, cancellationToken);
        return seen.Desired > 0 && seen.Running >= seen.Desired ? null : string.Create(CultureInfo.InvariantCulture, $"{seen.Running} of {seen.Desired} run");
    }

    private static async Task<string?> TargetsAsync(IAws aws, TerraformState state, CancellationToken cancellationToken)
    {
        if (state.Text("target_group") is not { Length: > 0 } group)
            return "it has no target group";
        var answer = await aws.QueryAsync(AwsService.Balancing, "DescribeTargetHealth", Form(("TargetGroupArn", group)), cancellationToken);
        var states = Values(answer, "State").ToList();
        return states.Count > 0 && states.TrueForAll(one => one == "healthy") ? null : states.Count == 0 ? "no task is registered with it" : $"its tasks are {string.Join(", ", states)} there";
    }

    private async Task<string?> CertificateAsync(IAws aws, AwsRecord record, CancellationToken cancellationToken)
    {
        if (record.Variables["load_balancer"]!["certificate"]!.GetValue<string>() is not { Length: > 0 } certificate)
            return "give the target the option certificate";
        var answer = await aws.JsonAsync(AwsService.Certificates, "DescribeCertificate", new { CertificateArn = certificate }, cancellationToken);
        var read = answer.GetProperty("Certificate");
        if (read.GetProperty("Status").GetString() is not "ISSUED" and var status)
            return $"ACM says {status}";
        return read.TryGetProperty("NotAfter", out var end) && end.ValueKind == JsonValueKind.Number && DateTimeOffset.FromUnixTimeSeconds((long)end.GetDouble()) < host.Time.GetUtcNow() ? "it has expired" : null;
    }

    private async Task<string?> AlarmsAsync(IAws aws, AwsRecord record, CancellationToken cancellationToken)
    {
        string[] names = [.. Alarms.Concat(record.Variables["load_balancer"] is null ? [] : AlarmsOfBalancer).Select(name => $"{host.Options.Project}-{record.Workspace}-{name}")];
        var asked = Form([.. names.Select((name, number) => ($"AlarmNames.member.{number + 1}", name))]);
        var answer = await aws.QueryAsync(AwsService.CloudWatch, "DescribeAlarms", asked, cancellationToken);
        var missing = names.Except(Values(answer, "AlarmName"), StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
            return $"missing: {string.Join(", ", missing)}";
        var ringing = answer.Descendants().Where(element => element.Name.LocalName == "StateValue" && element.Value == "ALARM").Select(element => Values(element.Parent!, "AlarmName").FirstOrDefault() ?? "one").ToList();
        return ringing.Count == 0 ? null : $"these ring: {string.Join(", ", ringing)}";
    }

    private async Task<string?> DashboardAsync(IAws aws, AwsRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await aws.QueryAsync(AwsService.CloudWatch, "GetDashboard", Form(("DashboardName", $"{host.Options.Project}-{record.Workspace}")), cancellationToken);
            return null;
        }
        catch (AwsException error) when (error.Code is "ResourceNotFound" or "DashboardNotFoundError" or "ResourceNotFoundException")
        {
            return "there is none: the next pass makes it";
        }
    }

    private static Task<string?> NotWatched() => Task.FromResult<string?>("switch monitoring on for its tier");

    private static Dictionary<string, string> Form(params (string Name, string Value)[] values) => values.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);

    private static IEnumerable<string> Values(XElement answer, string name) => answer.Descendants().Where(element => element.Name.LocalName == name).Select(element => element.Value);
}
