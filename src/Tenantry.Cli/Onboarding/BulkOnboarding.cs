using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>
/// Many customers, some at once, with one report. Everything is found out for all of them before the first is begun; run again it goes on with those that
/// are not there yet.
/// </summary>
internal static class BulkOnboarding
{
    public static async Task<int> RunAsync(Call call, IReadOnlyList<Customer> customers, OnboardMood mood, int parallel, TimeSpan timeout)
    {
        var targets = await ResolveAsync(call, customers, mood);
        if (mood.IsDryRun)
        {
            if (mood.Brought is { } tried && !call.Output.Json)
                PlanText.Write(call.Output, await OnboardRelease.PreviewAsync(call, tried));
            Preview(call, targets);
            return (int)ExitCode.Done;
        }

        if (mood.Brought is { } brought)
            await OnboardRelease.ApplyAsync(call, brought);
        await SharedValues.SetManagementKeysAsync(call, targets);
        targets = await SharedValues.SetSecretsAsync(call, targets, replaces: mood.IsAnswered);
        call.BePatient();
        var results = new OnboardResult[targets.Count];
        using var places = new SemaphoreSlim(parallel);
        var writing = new Lock();
        var done = 0;
        await Task.WhenAll(targets.Select(async (target, i) =>
        {
            await places.WaitAsync(call.CancellationToken);
            try
            {
                results[i] = await OneAsync(call, target, mood, timeout);
            }
            finally
            {
                places.Release();
            }

            lock (writing)
                call.Output.Note($"[{++done}/{targets.Count}] {results[i].Email}: {results[i].Outcome}{(results[i].Failure is { } failure ? $": {failure.Message}" : "")}");
        }));
        Write(call, results);
        var failed = results.Count(result => result.Failure is not null);
        if (failed == 0)
            return (int)ExitCode.Done;
        var (sentence, fix) = ($"{failed} of {results.Length} customers could not be onboarded.", "Run it again: those that are there are left alone, and the others are gone on with.");
        if (!call.Output.Json)
            throw new CliException(ExitCode.Failed, sentence, fix);
        // Programs have got their one document, which says the same.
        call.Output.Note($"{sentence} {fix}");
        return (int)ExitCode.Failed;
    }

    // One after the other, in the order of the file, so that the same file always gives the same names.
    private static async Task<List<OnboardTarget>> ResolveAsync(Call call, IReadOnlyList<Customer> customers, OnboardMood mood)
    {
        var names = new TenantNames(await call.Client.Tenants.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken));
        var questions = new OnboardQuestions(call, names, mood with { IsAnswered = true, IsOfMany = true, LeavesPresent = !mood.IsAnswered });
        var targets = new List<OnboardTarget>();
        var errors = new List<ProblemError>();
        var (code, fix) = (ExitCode.Usage, (string?)null);
        foreach (var customer in customers)
        {
            try
            {
                targets.Add(await questions.ResolveAsync(customer));
            }
            catch (CliException wrong)
            {
                (code, fix) = (wrong.Code, wrong.Fix);
                errors.AddRange(wrong.Errors.Count > 0 ? wrong.Errors.Select(e => e with { Path = $"{customer.Email} {e.Path}" }) : [new ProblemError(customer.Email ?? "", $"{wrong.Message} {wrong.Fix}")]);
            }
        }

        return errors.Count == 0
            ? targets
            : throw new CliException(errors.Count == 1 ? code : ExitCode.Usage, $"{Words.Count(errors.Count, "answer")} of the customers' {(errors.Count == 1 ? "is" : "are")} wrong or missing. Nothing was changed.", fix, errors);
    }

    private static async Task<OnboardResult> OneAsync(Call call, OnboardTarget target, OnboardMood mood, TimeSpan timeout)
    {
        var begin = call.Host.Time.GetTimestamp();
        try
        {
            var (instance, outcome) = await new Onboarder(call, operation => WaitAsync(call, operation, timeout), _ => mood.IsAnswered).RunAsync(target);
            if (instance.Url is { } url && instance.Desired == Model.Instances.DesiredState.Running)
                await Doorbell.RingAsync(new Uri(url), call.CancellationToken);
            return new OnboardResult(target.Email, target.Tenant.Name, instance.Slug, outcome, instance.Url, call.Host.Time.GetElapsedTime(begin));
        }
        catch (Exception failed) when (!call.CancellationToken.IsCancellationRequested && Failure.Of(failed) is not null)
        {
            return new OnboardResult(target.Email, target.Tenant.Name, target.Present?.Slug, "failed", null, call.Host.Time.GetElapsedTime(begin), Failure.Of(failed));
        }
    }

    private static async Task WaitAsync(Call call, OperationResponse operation, TimeSpan timeout)
    {
        using var late = new CancellationTokenSource(timeout, call.Host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, call.CancellationToken);
        try
        {
            var end = await call.Client.Operations.WaitAsync(operation.Id, either.Token);
            if (end.State != OperationState.Succeeded)
                throw new CliException(ExitCode.Failed, $"{end.Kind} {end.Slug} {(end.State == OperationState.Superseded ? "was given up for a later change" : $"failed: {end.Error}")}.");
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            var reason = (await call.Client.Instances.FindAsync(operation.Slug, call.CancellationToken))?.Reason;
            throw new CliException(ExitCode.TimedOut, $"{operation.Kind} {operation.Slug} is not finished after {Words.Took(timeout)}. {reason}");
        }
    }

    private static void Preview(Call call, List<OnboardTarget> targets)
    {
        if (call.Output.Json)
        {
            call.Output.Document(writer =>
            {
                writer.WriteStartArray();
                foreach (var target in targets)
                {
                    writer.WriteStartObject();
                    writer.WriteString("email", target.Email);
                    writer.WriteString("tenant", target.Tenant.Name);
                    writer.WriteString("app", target.Request.App);
                    writer.WriteString("present", target.Present?.Slug);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return;
        }

        var table = new TextTable("E-MAIL", "TENANT", "APP", "WOULD BE");
        foreach (var target in targets)
            table.Row(target.Email, target.Tenant.Name, target.Request.App, target.Present is { } present ? $"left alone: {present.Slug} is {present.Phase}" : "onboarded");
        table.Write(call.Output, "The file names no customer.");
    }

    private static void Write(Call call, IReadOnlyList<OnboardResult> results)
    {
        if (call.Output.Json)
        {
            call.Output.Document(writer =>
            {
                writer.WriteStartArray();
                foreach (var result in results)
                {
                    writer.WriteStartObject();
                    writer.WriteString("email", result.Email);
                    writer.WriteString("tenant", result.Tenant);
                    writer.WriteString("slug", result.Slug);
                    writer.WriteString("outcome", result.Outcome);
                    writer.WriteString("url", result.Url);
                    writer.WriteNumber("seconds", Math.Round(result.Took.TotalSeconds, 3));
                    writer.WriteString("error", result.Failure?.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return;
        }

        var table = new TextTable("E-MAIL", "TENANT", "OUTCOME", "ADDRESS", "TOOK", "WHY") { MayLack = ["TOOK", "WHY"] };
        foreach (var result in results)
        {
            var outcome = result.Outcome switch { "failed" => Cell.Bad(result.Outcome), "unchanged" => Cell.Quiet(result.Outcome), _ => Cell.Good(result.Outcome) };
            table.Row(result.Email, result.Tenant, outcome, result.Url ?? "-", Words.Took(result.Took), result.Failure?.Message);
        }

        table.Write(call.Output, "The file names no customer.");
        call.Output.Line(string.Create(CultureInfo.InvariantCulture, $"{results.Count(r => r.Failure is null)} of {results.Count} customers have an answering instance."));
    }
}
