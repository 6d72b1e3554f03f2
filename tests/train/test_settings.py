"""Settings of a training: their steps, and that a script reads the settings that a plan writes."""

from mixtura.train.settings import (
    EncoderTraining,
    FinetuneSettings,
    Mix,
    Prompting,
    Search,
    TuneSettings,
    Tuning,
    optimiser_steps,
)


def test_epochs_are_as_many_steps_as_the_rows_need() -> None:
    settings = EncoderTraining(model="reader", steps=200, epochs=3, batch_size=16)
    assert optimiser_steps(settings, 33) == 9
    assert optimiser_steps(settings.model_copy(update={"epochs": None}), 33) == 200


def test_settings_survive_their_json() -> None:
    search = Search(learning_rate=[1e-4, 1e-3])
    training = EncoderTraining(model="reader", epochs=2, search=search)
    mix = Mix(n_real=4, n_generated=8, sets=["writer/topic/D0/r0"], study_seed=1)
    labels = ["no", "yes"]
    settings = FinetuneSettings(training=training, task="classification", labels=labels, mix=mix)
    assert FinetuneSettings.from_json(settings.to_json()) == settings


def test_a_generator_is_tuned_as_a_causal_language_model() -> None:
    prompting = Prompting(prompt="{{ noun }}:", format="completion", task="text", noun="text")
    mix = Mix(n_real=0, n_generated=4, study_seed=1)
    settings = TuneSettings(tuning=Tuning(epochs=3), prompting=prompting, mix=mix, seed=0)
    training = TuneSettings.from_json(settings.to_json()).training()
    assert (training.learning_rate, training.max_length, training.weight_decay) == (2e-4, 512, 0.01)
    assert optimiser_steps(training, 17) == optimiser_steps(settings.tuning, 17) == 6
