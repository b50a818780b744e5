using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>Answers that nobody gave. Where a person is there they are asked for one by one; otherwise all that are missing are named at once.</summary>
internal sealed class MissingAnswers(Call call)
{
    private readonly List<ProblemError> _missing = [];

    /// <summary>The answer, or null when it is missing and there is nobody to ask.</summary>
    /// <param name="given">What was said already.</param>
    /// <param name="question">What a person is asked, and asked again while there is a problem.</param>
    /// <param name="flag">What says it instead.</param>
    /// <param name="why">What it is for.</param>
    /// <param name="problem">What is wrong with an answer, or null.</param>
    public string? Ask(string? given, string question, string flag, string why, Func<string, string?>? problem = null)
    {
        if (!string.IsNullOrWhiteSpace(given))
            return problem?.Invoke(given) is { } wrong ? throw new CliException(ExitCode.Usage, wrong) : given;
        if (call.Output.CanAsk)
            return AskUntilGood(question, problem);
        Add(flag, why);
        return null;
    }

    private string AskUntilGood(string question, Func<string, string?>? problem)
    {
        while (true)
        {
            var answer = Prompt.Line(call.Host, question);
            if (problem?.Invoke(answer) is not { } wrong)
                return answer;
            call.Host.Error.WriteLine(wrong);
        }
    }

    public void Add(string flag, string why) => _missing.Add(new ProblemError(flag, why));

    /// <summary>Throws when anything is missing.</summary>
    public void Check()
    {
        if (_missing.Count == 0)
            return;
        var missing = _missing.ToList();
        _missing.Clear();
        var flags = string.Join(' ', missing.Select(one => one.Path));
        throw new CliException(
            ExitCode.Usage,
            $"{Words.Count(missing.Count, "answer")} {(missing.Count == 1 ? "is" : "are")} missing, and there is nobody to ask. Nothing was changed.",
            $"Say {flags}",
            missing);
    }
}
