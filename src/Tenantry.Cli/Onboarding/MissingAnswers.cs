using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Onboarding;

/// <summary>Answers that nobody gave. Where a person is there they are asked for one by one; otherwise all that are missing are named at once.</summary>
internal sealed class MissingAnswers(Call call)
{
    private readonly List<ProblemError> _missing = [];

    /// <summary>The answer, or null when it is missing and there is nobody to ask.</summary>
    public string? Ask(string? given, string question, string flag, string why)
    {
        if (!string.IsNullOrWhiteSpace(given))
            return given;
        if (call.Output.CanAsk)
            return Prompt.Line(call.Host, question);
        Add(flag, why);
        return null;
    }

    public void Add(string flag, string why) => _missing.Add(new ProblemError(flag, why));

    /// <summary>Throws when anything is missing.</summary>
    public void Check()
    {
        if (_missing.Count == 0)
            return;
        var flags = string.Join(' ', _missing.Select(one => one.Path));
        throw new CliException(
            ExitCode.Usage,
            $"{Words.Count(_missing.Count, "answer")} {(_missing.Count == 1 ? "is" : "are")} missing, and there is nobody to ask. Nothing was changed.",
            $"Say {flags}",
            _missing);
    }
}
