"""Tell by verbs of other languages than English if a call acts: "Löscht die Notiz", `/notas/{id}/borrar`.

Only what people have in the names and summaries of their own APIs is known: to remove, to make, to change, to
send, to start and stop, and the like. A form that is also a thing or a property, such as `activa` or `marca`,
is left out where it may stand alone. No public document at hand shows how often these verbs read.
"""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from pgagents.base.text import split_words
from pgagents.base.verbs import list_words

_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ı": "i", "ø": "o", "æ": "ae"})


def _fold(text: str) -> str:
    """Return a text in lower case, without the accents of its letters."""
    plain = normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(character for character in plain if not combining(character))


_COMMANDS = list_words(
    _fold("""
loeschen löschen loesche lösche entfernen entferne anlegen erstellen erzeugen ändern aendern aktualisieren
hinzufuegen hinzufügen senden sende versenden verschicken schicken starten starte neustarten neustart stoppen
stoppe beenden stornieren storniere bestätigen bestaetigen leeren buchen bezahlen öffnen oeffnen schliessen
sperren entsperren aktivieren aktiviere deaktivieren deaktiviere verschieben markieren speichern zuruecksetzen
zurücksetzen abbrechen abmelden drucken einschalten ausschalten auslösen ausloesen reservieren veröffentlichen
veroeffentlichen freigeben abschicken verwerfen überweisen ueberweisen bestellen kündigen kuendigen
supprimer supprime effacer efface créer ajouter modifier envoyer envoie démarrer redémarrer redémarre arrêter
annuler annule vider ouvrir fermer bloquer débloquer désactiver désactive réinitialiser réinitialise réserver
publier déplacer enregistrer marquer déclencher imprimer restaurer révoquer éteindre allumer déconnecter
lancer
borrar borra eliminar elimina crear agregar añadir modificar actualizar enviar envia reiniciar reinicia
iniciar detener cancelar confirmar vaciar activar desactivar abrir cerrar bloquear desbloquear pagar reservar
publicar guardar marcar imprimir restablecer restaurar revocar quitar apagar encender disparar suspender
limpiar mandar ejecutar
excluir exclui criar adicionar alterar atualizar parar esvaziar ativar desativar fechar salvar gravar
redefinir revogar desligar encerrar executar
eliminare cancellare cancella rimuovere rimuovi creare aggiungere aggiungi modificare aggiornare inviare invia
spedire avviare riavviare riavvia fermare annullare annulla confermare svuotare svuota attivare disattivare
disattiva aprire chiudere bloccare sbloccare pagare prenotare pubblicare salvare spostare stampare
ripristinare reimpostare revocare spegnere spegni accendere accendi eseguire
verwijder verwijderen aanmaken toevoegen wijzigen bijwerken versturen verstuur verzenden herstarten
herstart annuleren annuleer bevestigen leegmaken activeren deactiveren sluiten blokkeren betalen reserveren
publiceren opslaan verplaatsen markeren afdrukken inschakelen uitschakelen
usuń usunąć utwórz utworzyć dodać zmienić aktualizuj wyślij wysłać uruchom uruchomić zatrzymaj zatrzymać
anuluj anulować wyczyść wyczyścić wyłącz włącz zamknij zablokuj zresetuj potwierdź przenieś
radera raderar rensa skapa skicka slette sletter stänga oprett opretter opprett siler smazat odeslat poista
удалить удали создать добавить изменить обновить отправить запустить перезапустить остановить отменить
очистить сбросить выключить включить заблокировать подтвердить сохранить опубликовать закрыть видалити
створити надіслати udalit sozdat dobavit izmenit obnovit otpravit zapustit perezapustit ostanovit otmenit
ochistit выполнить
""")
)
"""What a name or the end of a path says: infinitives, and orders that are not words for things."""
_TELLING = _COMMANDS | list_words(
    _fold("""
löscht entfernt legt erstellt erzeugt ändert aktualisiert fügt sendet versendet verschickt schickt startet
stoppt beendet storniert bestätigt leert bucht bezahlt öffnet schliesst sperrt entsperrt aktiviert deaktiviert
verschiebt markiert speichert bricht meldet druckt schaltet reserviert veröffentlicht verwirft überweist
bestellt kündigt
ajoute modifie démarre arrête vide ouvre ferme bloque débloque paie publie déplace enregistre marque
déclenche imprime restaure révoque supprimez envoyez
crea agrega añade modifica actualiza envía inicia detiene cancela confirma vacía activa desactiva abre cierra
bloquea desbloquea paga guarda mueve restablece restaura revoca quita apaga enciende dispara suspende limpia
cria adiciona altera atualiza limpa esvazia ativa desativa bloqueia salva grava redefine revoga desliga
rimuove aggiunge aggiorna spedisce avvia ferma attiva apre apri chiude chiudi blocca sblocca prenota sposta
ripristina reimposta spegne accende
verwijdert wist maakt voegt wijzigt verstuurt stuurt verzendt stopt annuleert bevestigt leegt activeert
deactiveert opent sluit blokkeert betaalt reserveert publiceert verplaatst markeert zet schakelt
usuwa tworzy dodaje zmienia aktualizuje wysyła uruchamia zatrzymuje anuluje czyści wyłącza włącza otwiera
zamyka blokuje resetuje potwierdza zapisuje przenosi
skapar skickar rensar stänger smaže odešle vytvoří restartuje poistaa lähettää
lance éteint allume déconnecte manda ejecuta encerra executa esegue включает выполняет
удаляет создаёт добавляет изменяет обновляет отправляет запускает перезапускает останавливает отменяет очищает
сбрасывает выключает блокирует подтверждает сохраняет публикует закрывает видаляє створює надсилає
""")
)
"""What the first word of a summary or a description says."""
_THIS = list_words("ce cet cette deze diese dieser dieses dit este esta esse essa questa questo")
_SPLIT = {("setzt", "zuruck"), ("stellt", "her"), ("gibt", "frei")}
_JOINED = re.compile(r"met a jour\b|tar bort\b")
"""Matches verbs of several words."""
_AT_THE_END = list_words(
    _fold("siler temizler kapatır gönderir oluşturur günceller başlatır durdurur sıfırlar")
)
_AND_ACTS = re.compile(
    r"\b(?:und|en) ([a-z]+) (?:sie|es|ihn|diese|alle|ze|het|deze)\b"
    r"|\b(?:et|y|e) (?:les?|las?|los?|li|os?|as?) ([a-z]+)\b"
)
"""Matches a further predicate: "und markiert sie", "et les marque"."""
_CHINESE = re.compile(
    r"^\W*(?:立即|批量|一键|强制)?"
    r"(删除|刪除|移除|清空|清除|创建|新建|建立|添加|新增|修改|更新|发送|發送|重启|重新启动|启动|停止|关闭|關閉|取消"
    r"|重置|撤销|提交|发布|上传|支付|锁定|解锁|启用|禁用|执行|注销|标记)(?!的|过|时间|状态|次数|日志|记录|历史|履歴|列表)"
)
_ERASING = re.compile(r"^\W*(删除|刪除|清空|清除)(?:日志|记录|历史)")
_JAPANESE = re.compile(
    r"(?<!最終)(?<!前回)(?<!次回)(削除|作成|追加|更新|変更|送信|解除|停止|開始|再起動|起動|初期化|リセット|キャンセル"
    r"|有効化|無効化|消去|クリア|実行)(?:する|します)?[。\s]*$"
)
_KOREAN = re.compile(
    r"(삭제|생성|전송|발송|수정|추가|초기화|재시작|중지|취소|실행)\s?(?:합니다|하기|한다|하다|함)?[.\s]*$"
)
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s*|\n+")


def find_deed_abroad(name: str, part: str, *texts: str) -> tuple[str, str, str]:
    """Return the verb by which a call acts in another language, its place and its sentence; else empty texts.

    `part` is the last part of the path that is not an argument, `texts` are summary and description.
    """
    for place, said in (("name", name), ("path", part)):
        words = [_fold(word) for word in split_words(said)]
        if verb := next((word for word in (*words[:1], *words[-1:]) if word in _COMMANDS), ""):
            return verb, place, ""
    for place, text in zip(("summary", "description"), texts, strict=False):
        sentence = _SENTENCE_END.split(text.strip(), maxsplit=1)[0]
        if verb := _find_in_prose(sentence):
            return verb, place, sentence
    return "", "", ""


def _find_in_prose(sentence: str) -> str:
    words = [_fold(word) for word in re.findall(r"[^\W\d_]+", sentence)]
    begins = words[2:] if words[:1] and words[0] in _THIS else words  # "Diese Methode löscht …"
    if begins[1:] and begins[0] in _TELLING:
        return begins[0]
    if joined := _JOINED.match(" ".join(words)):
        return joined[0]
    is_infinitive = words[-1:] and words[-1] in _COMMANDS and words[-1].endswith("en")
    if words[1:] and (is_infinitive or words[-1] in _AT_THE_END):  # "Notiz löschen"
        return words[-1]
    if words and (words[0], words[-1]) in _SPLIT:
        return words[0]
    further = _AND_ACTS.search(" ".join(words))
    if further and (verb := further[1] or further[2]) in _TELLING:
        return verb
    for pattern in (_CHINESE, _ERASING, _JAPANESE, _KOREAN):
        if found := pattern.search(sentence):
            return found[1]
    return ""
